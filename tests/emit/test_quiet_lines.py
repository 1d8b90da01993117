"""Lines that only a choice needs: they stand in blocks that ignore floating-point errors, and no other line has to."""

from tables import each

import symdiff

BLOCK = '    with np.errstate(all="ignore"):'


def lines_of(text, member="value", args=None, **options):
    f = symdiff.compile(text, args=args, **options)
    return (f if member == "value" else getattr(f, member)).source.rstrip().split("\n")[1:-1]


def test_a_line_with_what_only_a_choice_needs_stands_in_a_block():
    assert lines_of("where(x > 0, log(x)*y, 0)") == [
        BLOCK,
        "        out = np.where(x > 0.0, np.log(x) * y, 0.0)",
    ]


@each("text", ["where(x > 0, x, -y)", "abs(x)*log(y)", "maximum(x, y)", "hypot(x, y)", "x**y"])
def test_there_is_no_block_without_such_a_line(text):
    for member in ("value", "grad", "value_and_grad"):
        assert BLOCK not in lines_of(text, member)


def test_what_is_needed_outside_too_warns():
    assert lines_of("c = sqrt(x)\nwhere(x > 0, log(c), 0) + c") == [
        "    c = np.sqrt(x)",
        BLOCK,
        "        v1 = np.where(x > 0.0, np.log(c), 0.0)",
        "    out = v1 + c",
    ]


def test_operands_that_warn_and_that_must_not_are_on_different_lines():
    assert lines_of("where(sqrt(y) > 1, log(x), 0)*exp(z)") == [
        "    v1 = np.sqrt(y) > 1.0",
        BLOCK,
        "        v2 = np.where(v1, np.log(x), 0.0)",
        "    out = v2 * np.exp(z)",
    ]


def test_lines_that_never_warn_join_the_block_between_them_and_comments_too():
    assert lines_of("where(x > 0, log(x), 0)", "value_and_grad") == [
        "    # forward sweep",
        "    v1 = x > 0.0",
        BLOCK,
        "        out = np.where(v1, np.log(x), 0.0)",
        "        # reverse sweep",
        "        x_bar = np.where(v1, 1.0 / x, 0.0)",
    ]


def test_an_assembled_array_never_warns():
    assert lines_of("[y, where(x > 0, log(x), 0), x]", args="x, y") == [
        "    dtype = np.result_type(x, y, 0.0).type",
        BLOCK,
        "        out = np.empty(np.broadcast_shapes(np.shape(x), np.shape(y)) + (3,), dtype)",
        "        out[..., 0] = y",
        "        out[..., 1] = np.where(x > 0.0, np.log(x), 0.0)",
        "        out[..., 2] = x",
    ]


@each("optimize", [True, False])
@each(
    ("text", "args"),
    [
        (
            "where(x > 0, sqrt(x)*y, 0) + log(y)*where(y > 0, log(x), exp(y)) + exp(x)*where(x < y, sqrt(y - x), x)",
            None,
        ),
        (
            (
                "gas = where(pressure > 0, log(pressure)*volume + sqrt(volume)*exp(-pressure**2/volume), temperature)\n"
                "gas*where(volume > 2, sqrt(volume - 2)/log(pressure*volume) + sin(pressure)*cos(pressure/volume), 1)"
            ),
            None,
        ),
        ("where(s > 0, sum([log(x[0]), sqrt(x[1]), exp(x[2])/x[0], x[0]/x[1]*x[2]**1.5])*x[0], 0)*max(x)", "x[3], s"),
        ("sum(where(x > 0, log(x)*exp(w)/sqrt(x + w), sqrt(-x)*w))", "x[n], w[n]"),
    ],
)
def test_lines_have_88_columns(text, args, optimize):
    for member in ("value", "grad", "value_and_grad", "jvp", "hessian"):
        for line in lines_of(text, member, args, optimize=optimize):
            assert len(line) <= 88, line
