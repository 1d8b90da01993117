import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.graph.dims import numel, symbol, value

n, m = symbol("n"), symbol("m")


@each(
    ("dim", "text"),
    [
        (n // 2, "n//2"),
        ((n + 1) // 2, "(n + 1)//2"),
        (3 * ((n + 1) // 2), "3*((n + 1)//2)"),
        ((n // 2) * (n // 2), "(n//2)*(n//2)"),
        (m * (n // 3), "m*(n//3)"),
        (-(n // 2), "-(n//2)"),
        (n - n // 2, "n - n//2"),
        ((n // 2 + 1) // 2, "(n + 2)//4"),
        ((n // 2 + m) // 2, "(m + n//2)//2"),
        (numel([n + 1, m + 1]), "m + m*n + n + 1"),
        (numel([n + 1, m + 1, n + m, 2 * n, m - 1]), "2*(m + 1)*(m + n)*(m - 1)*(n + 1)*n"),
    ],
)
def test_the_text_of_a_dimension_is_its_value(dim, text):
    assert str(dim) == text
    for sizes in ({"n": 4, "m": 5}, {"n": 7, "m": 2}):
        assert eval(text, {}, sizes) == value(dim, sizes)


@each("size", [1, 2, 3, 4, 5])
def test_jacobian_of_every_second_row(size):
    f = symdiff.compile("X[::2]", args="X[n,3]")
    X = np.arange(3.0 * size).reshape(size, 3)
    expected = np.eye(3 * size).reshape(size, 3, 3 * size)[::2].reshape(-1, 3 * size)
    np.testing.assert_array_equal(f.jacobian(X), expected)


def test_a_size_that_a_later_argument_tells():
    f = symdiff.compile("sum(X @ W)", args="X[n,k], W[k,4]").pack("W")
    assert f(np.ones(12), np.ones((2, 3))) == 24.0
    with pytest.raises(symdiff.ShapeError, match=r"'p' of shape \(11,\)"):
        f(np.ones(11), np.ones((2, 3)))
