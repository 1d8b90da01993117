"""Elliptic integrals. They take the parameter m, the square of the modulus.

Source of the rules: differentiation under the integral; DLMF 19.2, 19.4, 19.5.
"""

from __future__ import annotations

from math import inf

from symdiff.ops.table.special.common import function

FIELD = "elliptic integrals"

_M = (-0.9, 0.9)
_D = "(1 - m*sin(phi)^2)"

ENTRIES = (
    function(
        "ellipk",
        "m",
        "0.5*ellip_j(m)",
        latex="K",
        domain="m <= 1",
        sample=(_M,),
        kinks=(((0.0,), (0.39269908169872414,)), ((1.0,), (inf,))),
    ),
    function(
        "ellipe",
        "m",
        "-0.5*ellip_d(m)",
        latex="E",
        domain="m <= 1",
        sample=(_M,),
        kinks=(((0.0,), (-0.39269908169872414,)), ((1.0,), (-inf,))),
    ),
    function(  # by Carlson's R_D
        "ellip_j",
        "m",
        "9*pi/32*hyp2f1(0.5, 0.5, 3, m)/(1 - m)^2",
        latex=r"J",
        about="the integral of sin(t)^2/(1 - m*sin(t)^2)^(3/2) from 0 to pi/2",
        numpy="special.elliprd(0.0, 1.0, 1.0 - {m}) / 3.0",
        internal=True,
        sample=(_M,),
    ),
    function(  # the integral of sin(t)^2/sqrt(1 - m*sin(t)^2) from 0 to pi/2
        "ellip_d",
        "m",
        "3*pi/32*hyp2f1(1.5, 0.5, 3, m)/(1 - m)",
        latex="D",
        about="(ellipk(m) - ellipe(m))/m",
        numpy="special.elliprd(0.0, 1.0 - {m}, 1.0) / 3.0",
        internal=True,
        sample=(_M,),
    ),
    function(
        "ellipkinc",
        "phi m",
        f"1/sqrt{_D}",
        "0.5*ellip_moment(1, 1, phi, m)",
        latex=r"F",
        domain="every phi, m <= 1, m*sin(phi)^2 < 1",
        sample=((-2.0, 2.0), _M),
        kinks=(((0.0, 0.5), (1.0, 0.0)),),
    ),
    function(
        "ellipeinc",
        "phi m",
        f"sqrt{_D}",
        "-0.5*ellip_moment(1, 0, phi, m)",
        latex=r"E",
        domain="every phi, m <= 1, m*sin(phi)^2 < 1",
        sample=((-2.0, 2.0), _M),
        kinks=(((0.0, 0.5), (1.0, 0.0)),),
    ),
    function(
        "ellip_moment",
        "n p phi m",
        "0",
        "0",
        f"sin(phi)^(2*n)/{_D}^(p + 0.5)",
        "(p + 0.5)*ellip_moment(n + 1, p + 1, phi, m)",
        latex=r"\int_{0}^{#3} \frac{\sin^{2 \cdot #1}}{\Delta^{2 \cdot #2 + 1}}",
        about="the integral of sin(t)^(2*n)/(1 - m*sin(t)^2)^(p + 1/2) from 0 to phi",
        numpy="ellip_moment({n}, {p}, {phi}, {m})",
        helper="ellip_moment",
        orders=2,
        internal=True,
        sample=((1.0, 1.0), (1.0, 1.0), (-2.0, 2.0), _M),
    ),
)
