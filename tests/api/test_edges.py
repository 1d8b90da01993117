"""Small edges: signed zeros and infinities under roots, textbooks with rows that nothing uses, empty matrices, pickles."""

import copyreg
import pickle

import numpy as np
import pytest
from tables import each

import symdiff


@each("exponent", [-0.5, -1.0, -1.5, -2.0, 0.5, 1.5, 2.0])
@each("x", [-0.0, 0.0, -np.inf, np.inf, -2.0, 3.0])
def test_constant_powers_are_those_of_numpy(x, exponent):
    with np.errstate(all="ignore"):
        array = np.array([x])
        want = array**exponent
        for optimize in (True, False):
            f = symdiff.compile(f"x**{exponent}", optimize=optimize)
            if optimize or exponent != 0.5:  # NumPy takes the square root of arrays, the power of scalars
                np.testing.assert_allclose(f(array), want, rtol=1e-15)
                np.testing.assert_allclose(f(x), want[0], rtol=1e-15)


def test_a_textbook_shows_steps_that_the_math_module_lacks():
    f = symdiff.compile("lgamma(floor(x))", optimize=False)
    assert f.grad(2.5) == (0.0,)
    assert f.grad(np.array([2.5])).x.tolist() == [0.0]


def test_latex_of_an_empty_matrix():
    assert symdiff.compile("2", args="x[0]").jacobian.latex
    assert symdiff.compile("[a]", args="a, x[0]", wrt="x").jacobian.latex


@each("path", [[("__class__",)], [("_recipe",)], [("grad",), ("__init__",)], [("export", "/x")]])
def test_a_pickle_leads_to_derivatives_alone(path):
    restore, (text, options, *_) = copyreg.dispatch_table[symdiff.Function](symdiff.compile("x*y"))
    with pytest.raises(ValueError, match="no member of a Function that returns a Function"):
        restore(text, options, path)
    f = symdiff.compile("x*y**2")
    for g in (f.grad.jacobian, f.diff("x", "y"), f.pack("x y").jacobian.coo, f.hvp):
        assert pickle.loads(pickle.dumps(g)) == g
