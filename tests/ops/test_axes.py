"""Axes of length 1, declared, of lists of one, and left by slices: every mode, order and target against 50 digits."""

import re

import numpy as np
from backends import one_in_turn, variants
from jets import exactly
from tables import each

import symdiff
from symdiff.graph.ir import verify

# A formula, its arguments.
CASES = [
    ("[a, b] + [a]", "a, b"),
    ("[[a, b], [b, a]] + [[a, b]]", "a, b"),
    ("[a, b, b] + [sum(y)]", "a, b, y[n]"),
    ("[y]*A", "y[n], A[m,n]"),
    ("[a]*y", "a, y[n]"),
    ("[a, b]**[b]", "a, b"),
    ("maximum(y, [a])", "y[n], a"),
    ("where(y > 1, y, [a])", "y[n], a"),
    ("[a*b] + [a, b, b]", "a, b"),
    # nested lists
    ("[[a], [b]]*[[a, b, a*b]]", "a, b"),
    ("[[a], [b]] - [[b, a]] + [[a*b]]", "a, b"),
    ("[[a, b, a]]*[[a], [b]] + [a, a, b]", "a, b"),
    ("[[[a]], [[b]]]*[A]", "a, b, A[m,n]"),
    ("[[a]]*A + [[b], [a]]", "a, b, A[2,n]"),
    ("[[x], [y]]*x", "x[n], y[n]"),
    ("[[[x]]] + [[A]]", "x[n], A[m,n]"),
    # matrices
    ("C*R", "C[m,1], R[1,n]"),
    ("C*R + C*x - R", "C[m,1], R[1,n], x[n]"),
    ("(C@R)*A", "C[m,1], R[1,n], A[m,n]"),
    ("C.T*R.T", "C[m,1], R[1,n]"),
    ("D*A + q", "D[1,1], A[m,n], q[1]"),
    ("T*A + R", "T[m,1,n], A[m,n], R[1,n]"),
    ("[[x]]*T", "x[n], T[m,1,n]"),
    # choices and kinks
    ("where([a] > y, [b], [a*b])", "a, b, y[n]"),
    ("where(C > R, C*a, [[b]])", "a, b, C[m,1], R[1,n]"),
    ("where([x] > 0.9, sin(x/R), [[a]])", "a, x[n], R[1,n]"),
    ("where(x > 0.9, [sum(x)], q)", "x[n], q[1]"),
    ("maximum(C, R)*minimum(C, [[a]])", "a, C[m,1], R[1,n]"),
    ("minimum([a, b], [a*b]) + abs([a - b])", "a, b"),
    ("max([y]*A, axis=1)", "y[n], A[m,n]"),
    ("max(C*R, axis=0) + min([[a], [b]], axis=0)", "a, b, C[m,1], R[1,n]"),
    # powers and quotients
    ("x**[a]*[b]**x", "a, b, x[n]"),
    ("C**R/[[a]]", "a, C[m,1], R[1,n]"),
    ("[a]/x + x/[b] - [a]/[a, b, b]", "a, b, x[3]"),
    ("hypot([a], x) + arctan2([b], [a, a, b])", "a, b, x[3]"),
    ("logaddexp([a], x)*sqrt([b])", "a, b, x[n]"),
    # sums
    ("sum([a]*x)*sum([a, b]*[b])", "a, b, x[n]"),
    ("sum(C*R, axis=0)*q", "C[m,1], R[1,n], q[1]"),
    ("sum([x]*A, axis=1) + [a]", "a, x[n], A[m,n]"),
    ("mean(R + A, axis=0)*[a]", "a, R[1,n], A[m,n]"),
    ("sum(R, axis=0)*sum(R, axis=1) + sum([[a]], axis=0)", "a, R[1,n]"),
    ("sum((C - R)**2, axis=1)*[a]", "a, C[m,1], R[1,n]"),
    # slices
    ("x[:1]*x + x[-1:]", "x[n]"),
    ("x[1:2] + y*[a]", "a, x[3], y[n]"),
    ("A[:1]*A - A[:, :1]", "A[m,n]"),
    ("R[0]*R + R[:, :1]", "R[1,n]"),
    ("q[0]*x + q[::-1] + [q[-1], a, a]", "a, q[1], x[3]"),
    ("([a, b]*[a])[:1]*x", "a, b, x[n]"),
    ("[x[1:], y[1:]]*[[a], [b]] + x[:1]", "a, b, x[n], y[n]"),
    # products
    ("[a]@q + [a]@[b]", "a, b, q[1]"),
    ("C@[a] + (R@x)*q", "a, C[m,1], R[1,n], x[n], q[1]"),
    ("[a]@R*x", "a, R[1,n], x[n]"),
    ("outer([a], x)*A[:1] + outer(x, q).T", "a, x[n], A[m,n], q[1]"),
    ("outer(q, [a, b])*[[b], [a]]", "a, b, q[1]"),
    ("dot(A, E)*[[a]] + C", "a, A[m,n], E[n,1], C[m,1]"),
    ("[a, b]@(C@R)*[b]", "a, b, C[2,1], R[1,n]"),
    # along axes
    ("softmax([a] + x)*[b]", "a, b, x[n]"),
    ("softmax(C*R, axis=0) + softmax(q)", "C[m,1], R[1,n], q[1]"),
    ("softmax([[a, b]], axis=0)*[[a], [b]]", "a, b"),
    ("logsumexp(C + R, axis=1)*[logsumexp(q)]", "C[m,1], R[1,n], q[1]"),
    ("prod(C + R, axis=1)*[a] + prod(q)", "a, C[m,1], R[1,n], q[1]"),
    ("norm([x] - A, axis=1)/[norm(q)]", "x[n], A[m,n], q[1]"),
    # results of reductions in lists
    ("[max(x), min(y)] + [norm(x)]", "x[n], y[n]"),
    ("[sum(x*y)]*x - [prod(x)]", "x[n], y[n]"),
    ("[x@y]*A + [[sum(q)], [a]]", "a, x[n], y[n], A[2,n], q[1]"),
    ("[sum(A, axis=1)]*[[a]] + [max(A, axis=1)]", "a, A[m,n]"),
    ("[[max(x)], [a]]*[softmax(x)]", "a, x[n]"),
    ("exp(-[sum(x)]**2)*tanh([a*x[0]])", "a, x[n]"),
]
SIZES = [{"n": 3, "m": 2}, {"n": 1, "m": 3}]


def point(f, sizes, loop=()):
    generator = np.random.default_rng(7)
    cores = [tuple(d if isinstance(d, int) else sizes[str(d)] for d in core) for core in f.cores]
    return [generator.uniform(0.4, 1.6, loop + core) for core in cores]


def close(got, want, text):
    got = np.asarray(got)
    assert got.shape == want.shape, text
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11 * np.max(np.abs(want), initial=1.0), err_msg=text)


def side_by_side(parts):
    return np.concatenate([np.ravel(p) for p in parts])


def fixed(args, sizes):
    """The arguments with numbers for dimensions."""
    return re.sub(r"(?<=[\[,])[nm](?=[\],])", lambda found: str(sizes[found[0]]), args)


@each(("text", "args", "options"), one_in_turn(CASES))
def test_first_order(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    for member in (f, f.jvp, f.vjp, f.jacobian):
        verify(member.program)
    for sizes in SIZES:
        check_first_order(f, text, point(f, sizes))


def check_first_order(f, text, at):
    value, first, _ = exactly(text, f.args, at)
    matrix = first.reshape(len(first), -1).T if value.ndim else first
    close(f(*at), value, text)
    close(f.jacobian(*at), matrix, text)
    dots, bar = [np.cos(a + 1) for a in at], np.sin(np.arange(value.size) + 1.0).reshape(value.shape)
    close(f.jvp(*at, *dots)[1], np.tensordot(side_by_side(dots), first, 1), text)
    close(side_by_side(f.vjp(*at, bar)[1:]), np.tensordot(first, bar, value.ndim), text)
    for k, name in enumerate(f.args):
        if not f.cores[k]:
            close(f.diff(name)(*at), first[sum(map(np.size, at[:k]))], text)
    for one in ((2,), (3, 1)):
        loops = [a * np.linspace(0.9, 1.1, np.prod(one)).reshape(one + (1,) * a.ndim) for a in at]
        loops[0] = at[0]  # one that has no loop dimensions
        _, first, _ = exactly(text, f.args, [a if a is at[0] else a[(0,) * len(one)] for a in loops])
        matrix = first.reshape(len(first), -1).T if value.ndim else first
        got = f.jacobian(*loops)
        shape = np.broadcast_shapes(*[np.shape(a)[: np.ndim(a) - len(c)] for a, c in zip(loops, f.cores, strict=True)])
        close(got.reshape(*shape, *matrix.shape)[(0,) * len(shape)], matrix, text)
        got = f.jvp(*loops, *dots)[1]
        close(got[(0,) * len(shape)], np.tensordot(side_by_side(dots), first, 1), text)


@each(("text", "args", "options"), one_in_turn(CASES, 1))
def test_second_order(text, args, options):
    whole = f"sum(sin({text}))" if symdiff.compile(text, args=args).results[0] else f"sin({text})"
    f = symdiff.compile(whole, args=args, **options)
    for sizes in SIZES:
        at = point(f, sizes)
        _, first, second = exactly(whole, f.args, at)
        dots = [np.cos(a + 1) for a in at]
        close(side_by_side(f.grad(*at)), first, whole)
        close(f.hessian(*at), second, whole)
        close(f.grad.jacobian(*at), second, whole)
        close(side_by_side(f.hvp(*at, *dots)), second @ side_by_side(dots), whole)
        close(side_by_side(f.grad.vjp(*at, *dots)[len(at) :]), second @ side_by_side(dots), whole)


# Many elements and one, in turn.
SIZED = [(*case, SIZES[k % 2]) for k, case in enumerate(CASES)]


@each(("text", "args", "sizes"), SIZED)
def test_entries(text, args, sizes):
    scalar = f"sum(({text})**2)" if symdiff.compile(text, args=args).results[0] else f"({text})**2"
    for whole in (text, scalar) if SIZED.index((text, args, sizes)) % 3 == 0 else (scalar,):
        f = symdiff.compile(whole, args=fixed(args, sizes))
        at = point(f, sizes)
        value, first, second = exactly(whole, f.args, at)
        found = [(f.jacobian, first.reshape(len(first), -1).T)]
        if not value.ndim:
            found.append((f.hessian, second))
        for member, want in found:
            entries = np.zeros(want.shape)
            np.add.at(entries, (member.coo.rows, member.coo.cols), member.coo(*at))
            close(entries, want, whole)
            assert np.all(np.abs(want[~np.atleast_2d(member.sparsity)]) < 1e-45)  # of 50 digits


@each(("text", "args", "sizes"), SIZED[::5])
def test_check_raises_no_false_alarm(text, args, sizes):
    f = symdiff.compile(text, args=fixed(args, sizes))
    report = f.check(*point(f, sizes))
    assert report.ok, str(report)


def test_a_tie_with_a_list_of_one():
    f = symdiff.compile("maximum([a, b], [a])")
    assert f.jacobian(2.0, 2.0).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert symdiff.compile("max(q) + max([a])", args="q[1], a").grad([2.0], 2.0) == ([1.0], 1.0)


# Where the parts of a vector make a result that is the same for all elements of another part.
@each(
    ("text", "args"),
    [
        ("sum(x[:2]**2)*sum(x[2:])", "x[4]"),
        ("sum(x[:2]**2)*sum(x[2:])*a", "x[5], a"),
        ("sum(exp(x[:3]))*sum(x[3:]) + sum(x[:3])*a**2", "x[4], a"),
        ("norm(x[:2])**2*sum(y[1:])*sum(x[2:])", "x[4], y[3]"),
    ],
)
@variants
def test_blocks_on_both_sides_of_the_diagonal(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    at = point(f, {})
    _, _, second = exactly(text, f.args, at)
    for member in (f.hessian, f.grad.jacobian):
        close(member(*at), second, text)
    for loops in ((2,), (3, 1)):
        close(
            f.hessian(*[np.broadcast_to(a, loops + a.shape) for a in at])[(1,) + (0,) * (len(loops) - 1)], second, text
        )


# Where a choice is forgotten on the way through a list, a subscript or a product.
@each(
    ("text", "args"),
    [
        ("where([x] > 0.9, sin(x/[2 + y]), a)", "a, x[n], y[n]"),
        ("where(y > 0.9, arctan2(b, 1 + x**2), a)[1]", "a, b, x[3], y[3]"),
        ("where(A > 0.9, x/(2 + A**2), [[a]])@x", "a, x[n], A[m,n]"),
        ("where(A > 0.9, exp(A/[x, y]), a).T[:, 0]", "a, x[n], y[n], A[2,n]"),
        ("sum(where([[a, b], [b, a]] > 0.9, [x, y]/[[a], [b]], 0)[0])", "a, b, x[2], y[2]"),
    ],
)
@each("optimize", [True, False])
def test_absent_elements_meet_no_nan(text, args, optimize):
    f = symdiff.compile(text, args=args, optimize=optimize)
    at = point(f, {"n": 3, "m": 2})
    value, _, second = exactly(text, f.args, at)
    bar = np.sin(np.arange(value.size) + 1.0).reshape(value.shape)
    dots = [np.cos(a + 1) for a in at]
    want = np.tensordot(second, bar, value.ndim) @ side_by_side(dots)
    with np.errstate(all="ignore"):
        close(side_by_side(f.jvp.vjp(*at, *dots, 0 * bar, bar)[2 : 2 + len(at)]), want, text)
        close(side_by_side(f.vjp.jvp(*at, bar, *dots)[-len(at) :]), want, text)
