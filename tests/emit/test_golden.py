"""Generated sources, reviewed as prose. `pytest --rewrite-golden` writes them anew."""

import pathlib

from processes import printed_under_hash_seeds
from tables import each

import symdiff

FOLDER = pathlib.Path(__file__).parents[1] / "golden"

LOSS = "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)"
CHAIN = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"

# name: (formula, what, target, options)
CASES = {
    "example": ("log(x1) + x1*x2 - sin(x2)", "value_and_grad", "numpy", {}),
    "example_textbook": ("log(x1) + x1*x2 - sin(x2)", "value_and_grad", "numpy", {"optimize": False}),
    "example_math": ("log(x1) + x1*x2 - sin(x2)", "value_and_grad", "math", {}),
    "example_jvp": ("log(x1) + x1*x2 - sin(x2)", "jvp", "numpy", {}),
    "example_jvp_textbook": ("log(x1) + x1*x2 - sin(x2)", "jvp", "numpy", {"optimize": False}),
    "example_vjp": ("log(x1) + x1*x2 - sin(x2)", "vjp", "numpy", {}),
    "value": ("log(x1) + x1*x2 - sin(x2)", "value", "numpy", {}),
    "constant_gradient": ("2*x + y", "grad", "numpy", {}),
    "swap": ("x*y", "grad", "numpy", {}),
    "rosenbrock": ("(1 - x)**2 + 100*(y - x**2)**2", "value_and_grad", "numpy", {}),
    "rosenbrock_math": ("(1 - x)**2 + 100*(y - x**2)**2", "value_and_grad", "math", {}),
    "lennard_jones": ("s = (sigma/r)**6; 4*epsilon*(s**2 - s)", "value_and_grad", "numpy", {"wrt": "r"}),
    "gravity": ("r = sqrt(x**2 + y**2)\n-x/r**3, -y/r**3", "vjp", "numpy", {}),
    "logistic_loss": ("log(1 + exp(a*x + b))*y - (a*x + b)*z", "value_and_grad", "numpy", {"wrt": "a, b"}),
    "sir": ("i = beta*S*I/N; -i, i - gamma*I, gamma*I", "value", "numpy", {"args": "S, I, N, beta, gamma"}),
    "where": ("where(x > 0, log(x), x*y)", "value_and_grad", "numpy", {}),
    "where_math": ("where(x > 0, log(x), x*y)", "value_and_grad", "math", {}),
    "piecewise": ("Piecewise((0, x < 0), (x**2, x < 1), (2*x - 1, True))", "value_and_grad", "numpy", {}),
    "maximum": ("maximum(0, w*x + b)", "value_and_grad", "numpy", {"wrt": "w, b"}),
    "power": ("x**y", "grad", "numpy", {}),
    "kepler": ("kepler(E) = E - e*sin(E) - M\nroot(kepler, M)", "value_and_grad", "math", {"args": "e, M"}),
    "error_function": ("0.5*(1 + erf(x/sqrt(2)))", "value_and_grad", "numpy", {}),
    "keywords": ("lambda*np + v1*out", "grad", "numpy", {}),
    "black_scholes": (
        (
            "d1 = (log(S/K) + (r + sigma**2/2)*T)/(sigma*sqrt(T))\nd2 = d1 - sigma*sqrt(T)\n"
            "S*0.5*(1 + erf(d1/sqrt(2))) - K*exp(-r*T)*0.5*(1 + erf(d2/sqrt(2)))"
        ),
        "value_and_grad",
        "numpy",
        {},
    ),
    "relu_loss": (LOSS, "value_and_grad", "numpy", {"args": "x[n], t[n], w1, b1, w2, b2", "wrt": "w1, b1, w2, b2"}),
    "relu_loss_loops": (
        LOSS,
        "value_and_grad",
        "loops",
        {"args": "x[n], t[n], w1, b1, w2, b2", "wrt": "w1, b1, w2, b2"},
    ),
    "chained_rosenbrock": (CHAIN, "value_and_grad", "numpy", {"args": "x[n]"}),
    "chained_rosenbrock_hvp": (CHAIN, "hvp", "numpy", {"args": "x[n]"}),
    "perceptron": (
        "scores = tanh(X @ W + b) @ V + c\nmean(logsumexp(scores, axis=1) - sum(Y*scores, axis=1))",
        "value_and_grad",
        "numpy",
        {"args": "X[m,d], Y[m,k], W[d,h], b[h], V[h,k], c[k]", "wrt": "W, b, V, c"},
    ),
    "logistic_hessian": (
        "sum(log(1 + exp(X @ w)) - y*(X @ w))",
        "hessian",
        "numpy",
        {"args": "X[m,n], y[m], w[n]", "wrt": "w"},
    ),
    "van_der_pol": ("[y[1], mu*(1 - y[0]**2)*y[1] - y[0]]", "jacobian", "numpy", {"args": "t, y[2], mu", "wrt": "y"}),
    "residuals": ("y - p[0]*exp(-p[1]*t)", "jacobian", "numpy", {"args": "p[2], t[n], y[n]", "wrt": "p"}),
    "quadratic_form": ("x @ A @ x/(x @ x)", "value_and_grad", "numpy", {"args": "A[n,n], x[n]"}),
    "largest": ("max(x) - norm(x)", "grad", "numpy", {"args": "x[n]"}),
    "second_derivative": ("exp(-x**2/2)", "diff xx", "numpy", {}),
    "many_arguments": (" + ".join(f"a{k}*b{k}" for k in range(12)), "grad", "numpy", {}),
}


def generate(name):
    text, what, target, options = CASES[name]
    f = symdiff.compile(text, **options)
    if what.startswith("diff "):
        f = f.diff(*what[5:])
    elif what != "value":
        f = getattr(f, what)
    head = "".join(f"# {line}\n" for line in text.splitlines())
    return f"{head}\n{f.source_for(target)}"


@each("name", CASES)
def test_golden(name, request):
    path = FOLDER / f"{name}.py"
    source = generate(name)
    if request.config.getoption("--rewrite-golden"):
        path.write_text(source)
    assert source == path.read_text()
    compile(source, name, "exec")


def test_no_golden_file_is_left_over():
    assert {p.stem for p in FOLDER.glob("*.py")} == set(CASES)


def test_the_same_source_under_any_hash_seed():
    code = "import test_golden as t; print([t.generate(n) for n in t.CASES])"
    assert len(printed_under_hash_seeds(code, __file__)) == 1


def test_long_lists_break_outside_of_brackets():
    source = symdiff.compile("(a*x+b)**3/c").hessian.source
    assert "np.shape(c))\n        + (4, 4), dtype\n    )\n" in source
