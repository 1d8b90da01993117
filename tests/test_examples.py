"""The examples, held against what is known of their problems."""

import pathlib
import runpy
import sys
from functools import partial

import brusselator
import bundle_adjustment
import double_pendulum
import fit_kinetics
import gaussian_process
import in_other_languages
import larger_than_memory
import logistic_newton
import nist_strd
import numpy as np
import pytest
import robertson
import rosenbrock_newton
import spline_baseline
import train_mlp
import train_relu
from dask import distributed
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from tables import each

EXAMPLES = pathlib.Path(train_relu.__file__).parent

# The same training written out by hand in NumPy.
AT_ONCE = [21228.1, 540.4737022942527, 316.1129946002218, 189.79994681154633, 115.33593930320416]
LAYER_BY_LAYER = [21228.1, 540.4894070346664, 316.692897896931, 190.47960763330983]


def test_relu_all_parameters_at_once():
    losses, _ = train_relu.train(train_relu.descent())
    assert list(losses) == [0, 500, 1000, 1500, 2000]
    assert_allclose(list(losses.values()), AT_ONCE, rtol=1e-12)


def test_relu_layer_by_layer():
    losses, _ = train_relu.train(train_relu.layer_by_layer(), 1500)
    assert_allclose(list(losses.values()), LAYER_BY_LAYER, rtol=1e-12)


def test_relu_draws_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    train_relu.picture(np.ones(4), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_relu_says_what_the_picture_needs(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install matplotlib"):
        train_relu.picture(np.ones(4), tmp_path / "curve.png")


def test_rate_constants_of_a_reaction():
    found = fit_kinetics.fit(fit_kinetics.measured())
    assert_allclose(found.x, fit_kinetics.TRUE, rtol=0.1)
    assert found.success
    _, exact = fit_kinetics.solution_and_jacobian(fit_kinetics.TRUE)
    assert_allclose(fit_kinetics.differences(fit_kinetics.TRUE), exact, atol=2e-3)


def test_perceptron_tells_spirals_apart():
    rng = np.random.default_rng(1)
    points, classes = train_mlp.spirals(400, rng)
    model = train_mlp.train(points, classes, rng)
    assert model.accuracy(points, classes) > 0.95
    assert model.accuracy(*train_mlp.spirals(1000, rng)) > 0.95


def test_logistic_regression():
    data = logistic_newton.DESIGN, logistic_newton.DAMAGE
    steps = list(logistic_newton.newton(data))
    assert len(steps) <= 10
    # As R's glm gives them.
    assert_allclose(steps[-1], [15.0429, -0.2322], atol=5e-5)
    assert_allclose(logistic_newton.deviations(steps[-1], data), [7.3786, 0.1082], atol=5e-5)
    assert_allclose(2 * logistic_newton.loss(steps[-1], *data), 20.315, atol=5e-4)


@each("start", [0, 1])
@each("name", nist_strd.MODELS)
def test_nist(name, start):
    problem = nist_strd.read(name)
    found = nist_strd.fit(name, problem, problem.starts[start])
    assert nist_strd.digits(found.parameters, problem.parameters) > 8
    assert nist_strd.digits(found.deviations, problem.deviations) > 7


@each("name", nist_strd.MODELS)
def test_nist_files_are_whole(name):
    text = (EXAMPLES / "nist" / f"{name}.txt").read_text()
    problem = nist_strd.read(name)
    certified = float(text.split("residual sum of squares: ")[1].split()[0])
    assert_allclose(np.sum(nist_strd.residuals(name)(problem.parameters, problem.x, problem.y) ** 2), certified, 1e-5)
    assert "NIST StRD" in text


def test_peaks_on_a_spline():
    x, y = spline_baseline.spectrum()
    (found, calls), (by_differences, more) = spline_baseline.fit(x, y), spline_baseline.fit(x, y, "2-point")
    assert_allclose(found.x[:6], spline_baseline.PEAKS, atol=0.02)
    assert_allclose(found.x, by_differences.x, rtol=1e-5)
    assert calls < more / 5


def test_robertson():
    times = [0.4, 40.0, 4e4, 4e10]
    solved = robertson.solve(times)
    assert_allclose(solved[1], [0.7158, 9.185e-6, 0.2842], rtol=2e-4)  # known to four digits
    assert_allclose(solved.sum(axis=1), 1, rtol=1e-10)

    def by_hand(_, y):
        a, b, c = y
        slow, pair, back = 0.04 * a, 3e7 * b * b, 1e4 * b * c
        return [back - slow, slow - pair - back, pair]

    reference = solve_ivp(by_hand, (0, 4e4), [1, 0, 0], "Radau", times[:3], rtol=1e-9, atol=1e-15).y.T
    assert_allclose(solved[:3], reference, rtol=1e-5)


def test_brusselator():
    times = [0.0, 1.0]
    solved = brusselator.solve(times)
    np.testing.assert_array_equal(solved[0], brusselator.start())

    def by_hand(_, y):
        u, v = y.reshape(2, brusselator.SIZE, brusselator.SIZE)
        spread = [np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1) - 4 * w for w in (u, v)]
        return np.ravel([1 + u**2 * v - 4.4 * u + 10 * spread[0], 3.4 * u - u**2 * v + 10 * spread[1]])

    reference = solve_ivp(by_hand, (0, 1), brusselator.start(), "RK45", times, rtol=1e-8, atol=1e-10).y.T
    assert_allclose(solved, reference, rtol=1e-4)


def test_bundle_adjustment():
    random = np.random.default_rng(1)
    true, seen = bundle_adjustment.scene(random)
    found = bundle_adjustment.adjust(true + random.normal(scale=0.01, size=true.shape), seen)
    assert_allclose(bundle_adjustment.residuals(found, *seen), 0, atol=1e-8)


@each("f", [rosenbrock_newton.paired, rosenbrock_newton.chained], ids=["paired", "chained"])
def test_rosenbrock(f):
    found = rosenbrock_newton.solve(f)
    assert found.success
    assert found.x.shape == (1000,)
    assert_allclose(found.x, 1, atol=1e-6)


ARGUMENTS = {"larger_than_memory": ("20000",)}  # points


@pytest.mark.long
@each("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_every_example_runs_and_prints(path, monkeypatch, tmp_path, capsys):
    if path.stem == "train_relu":
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), *ARGUMENTS.get(path.stem, ())])
    # Workers of Dask in this process; tests/api/test_dask.py has them in processes of their own.
    monkeypatch.setattr(distributed, "LocalCluster", partial(distributed.LocalCluster, processes=False))
    runpy.run_path(str(path), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) >= 2
    assert f"python examples/{path.name}" in path.read_text()
    assert f"python examples/{path.name}" in (EXAMPLES / "README.md").read_text()


def test_other_languages_have_the_same_gradient():
    own = in_other_languages
    want = own.LOSS.grad(own.T, own.Y, own.A, own.B)
    for gradient in own.gradients().values():
        assert_allclose(gradient, want, rtol=1e-12)


def test_the_energy_of_a_double_pendulum():
    energies = [double_pendulum.energy(y) for y in double_pendulum.move(3.0)]
    assert_allclose(energies, energies[0], rtol=0, atol=1e-7)


def test_a_gaussian_process():
    found = gaussian_process.fit()
    assert found.success
    assert_allclose(np.exp(found.x[2]), 0.1, atol=0.03)
    assert_allclose(found.fun, gaussian_process.loss(found.x), rtol=1e-9)


def test_the_fit_to_more_points_than_memory_holds():
    import dask

    with dask.config.set(scheduler="synchronous"):
        t, y = larger_than_memory.data(10_000)
        whole = larger_than_memory.fit(t.compute(), y.compute())
        found = larger_than_memory.fit(t.rechunk(700), y.rechunk(700))
    assert_allclose(found.x, larger_than_memory.TRUE, atol=5e-3)
    assert_allclose(found.x, whole.x, rtol=1e-9)
