"""Colourings: valid ones, with few colours."""

import itertools

import numpy as np
from tables import each

from symdiff.runtime import colouring
from symdiff.runtime.colouring import Rows, columns, grid, star


def pattern(dense):
    dense = np.asarray(dense, bool)
    rows, cols = np.nonzero(dense)
    return Rows(np.searchsorted(rows, np.arange(len(dense) + 1)), cols, dense.shape[1])


def check_columns(dense, colours):
    """No row has two columns of one colour."""
    assert colours.of.shape == (dense.shape[1],)
    assert colours.count == np.max(colours.of, initial=-1) + 1
    for row in dense:
        own = colours.of[row]
        assert len(set(own)) == len(own)


def check_star(dense, colours):
    """Neighbours differ, and each path over four vertices has three colours."""
    near = [np.flatnonzero(row) for row in dense & ~np.eye(len(dense), dtype=bool)]
    of = colours.of
    for b in range(len(dense)):
        for c in near[b]:
            assert of[b] != of[c]
            for a, d in itertools.product(near[b], near[c]):
                assert len({a, b, c, d}) < 4 or len({of[a], of[b], of[c], of[d]}) > 2


def band(n, below, above):
    return np.tri(n, k=above, dtype=bool) & ~np.tri(n, k=-below - 1, dtype=bool)


@each("density", [0.0, 0.05, 0.2, 0.6, 1.0])
@each("seed", range(4))
def test_random_patterns(density, seed):
    random = np.random.default_rng(seed)
    dense = random.random((12, 15)) < density
    check_columns(dense, columns(pattern(dense)))
    check_columns(dense, columns(pattern(dense), grid([(3, 4), (), (2,)])))
    symmetric = dense[:, :12] | dense[:, :12].T
    check_star(symmetric, star(pattern(symmetric)))
    np.testing.assert_array_equal(pattern(dense).transposed().columns, pattern(dense.T).columns)


@each("places", [None, grid([(9,)])], ids=["plain", "one vector"])
def test_bands(places):
    for below, above in ((0, 0), (1, 1), (2, 0), (2, 3)):
        found = columns(pattern(band(9, below, above)), places)
        check_columns(band(9, below, above), found)
        assert found.count == below + above + 1


def test_no_colours_if_there_are_not_few_enough():
    dense = band(9, 1, 1)
    assert columns(pattern(dense), below=3) is None
    assert columns(pattern(dense), below=4).count == 3
    assert columns(pattern(dense), grid([(9,)]), below=3) is None
    assert columns(pattern(np.ones((3, 4), bool))).count == 4
    crossing = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], bool)  # two in each row, and no two columns apart
    assert columns(pattern(crossing), below=3) is None
    assert star(pattern(dense), 3) is None
    assert star(pattern(dense), 4).count == 3


def test_stars_take_fewer_colours():
    assert star(pattern(band(50, 1, 1))).count == 3
    arrow = np.eye(50, dtype=bool)
    arrow[-1] = arrow[:, -1] = True
    assert star(pattern(arrow)).count == 2
    grid_of_points = np.kron(np.eye(7), band(7, 1, 1)) + np.kron(band(7, 1, 1), np.eye(7)) > 0
    found = star(pattern(grid_of_points))
    check_star(grid_of_points, found)
    assert found.count < columns(pattern(grid_of_points)).count


def test_elements_of_one_array_get_one_colour():
    """Of 40 terms, each sees a row of the first array, and an element of the second one."""
    dense = np.hstack([np.kron(np.eye(40), np.ones((1, 3))), np.eye(40)]) > 0
    found = columns(pattern(dense), grid([(40, 3), (40,)]))
    check_columns(dense, found)
    assert found.count == 4
    np.testing.assert_array_equal(found.of, [*np.tile([0, 1, 2], 40), *[3] * 40])


def test_classes_that_never_meet_share_a_colour():
    dense = np.kron(np.eye(2), np.tile(np.eye(30), 2)) > 0  # two groups of rows, each with two of four arrays
    found = columns(pattern(dense), grid([(30,)] * 4))
    check_columns(dense, found)
    assert found.count == 2


def test_two_rows_of_the_same_marks_are_checked(monkeypatch):
    """If marks of rows collide, the columns are coloured one by one."""

    class Same:
        def integers(self, *_, size, **__):
            return np.zeros(size, np.uint64)

    monkeypatch.setattr(colouring.np.random, "default_rng", lambda _: Same())
    dense = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1]], bool)
    check_columns(dense, columns(pattern(dense), grid([(1,)] * 4)))


def test_the_places_of_elements_in_another_order():
    found = grid([(2, 3), (2,)], np.array([7, 0, 4]))
    np.testing.assert_array_equal(found.block, [1, 0, 0])
    np.testing.assert_array_equal(found.index, [[1, 0, 1], [0, 0, 1]])
