"""Every target on every operation, the corpus and random programs: the numbers of NumPy, or a refusal by name."""

import pathlib
import re
from functools import cache

import numpy as np
import pytest
from cases import GROUPS, OWN, at_special_values
from tables import each
from targets import TARGETS

from symdiff.ops.base import Operation
from symdiff.ops.loops import every_row
from symdiff.ops.table import PRIMITIVES

NAMED = {target.name: target for target in TARGETS}


@cache
def outcomes(name, group):
    cases = GROUPS[group]()
    return dict(zip([case.name for case in cases], NAMED[name].run(cases), strict=True))


@cache
def rooms(group):
    return {case.name: case.room() for case in GROUPS[group]()}


def names_of(program):
    """Return the names of the operations of a program, and of the functions of SciPy that they are."""
    found = {"argmin" for row in every_row(program) if getattr(row[0], "kind", "") == "minimum"}
    for op, *_ in every_row(program):
        found.add(op.name if isinstance(op, Operation) else op)
        if isinstance(op, str) and op in PRIMITIVES and PRIMITIVES[op].module == "special":
            found.update(re.findall(r"\w+", f"{PRIMITIVES[op].numpy} {PRIMITIVES[op].standard}"))
    return found


def test_the_documentation_says_how_near_targets_come():
    page = pathlib.Path(__file__).parents[2].joinpath("docs", "anywhere.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| `([\w ]+)` \| (\d+)", page, re.MULTILINE))
    assert {target.name: str(target.ulps) for target in TARGETS}.items() <= said.items()


@each("target", TARGETS, ids=lambda target: target.name)
def test_every_program_has_the_numbers_of_numpy_or_is_refused_by_name(target):
    if reason := target.available():
        pytest.skip(reason)
    wrong = []
    for group, cases in GROUPS.items():
        found = outcomes(target.name, group)
        room = rooms(group)
        for case in cases():
            got = found[case.name]
            if isinstance(got, str):
                if not any(name in got for name in (*target.refuses, *names_of(case.program))):
                    wrong.append(f"{group}: {case.name}: refused, as there is no {got}")
            elif got is not None:
                wrong += [
                    f"{group}: {case.name}: {text}"
                    for text in differences(got, case, room[case.name], target.ulps_of(names_of(case.program)))
                ]
    assert not wrong, "\n".join(wrong[:40])


def differences(got, case, rooms, ulps):
    ulps = max(ulps, OWN) if case.of and case.of.module == "special" else ulps
    for some, wants, room in zip(got, case.wanted, rooms, strict=True):
        for a, want, one in zip(some or (), wants, room, strict=some is not None):
            most = ulps * one
            if np.shape(a) != np.shape(want):
                yield f"shape {np.shape(a)}, not {np.shape(want)}"
                continue
            with np.errstate(all="ignore"):
                same = (a == want) | (np.isnan(a) & np.isnan(want)) | (np.abs(a - want) <= most)
            if not np.all(same):
                yield f"{np.asarray(a)[~same]}, not {np.asarray(want)[~same]} +- {np.asarray(most)[~same]}"


@each("target", [t for t in TARGETS if t.like], ids=lambda target: target.name)
def test_targets_that_give_the_same_bits(target):
    if reason := target.available():
        pytest.skip(reason)
    for group, cases in GROUPS.items():
        some, others = outcomes(target.name, group), outcomes(target.like, group)
        for case in cases():
            got, want = some[case.name], others[case.name]
            if (
                case.scalar
                and isinstance(got, list)
                and isinstance(want, list)
                and names_of(case.program).isdisjoint(target.apart)
            ):
                pairs = [pair for pair in zip(got, want, strict=True) if all(at is not None for at in pair)]
                for one, other in pairs:
                    np.testing.assert_array_equal(one, other, err_msg=case.name)


@each("target", [t for t in TARGETS if t.special], ids=lambda target: target.name)
def test_special_values(target):
    if reason := target.available():
        pytest.skip(reason)
    cases = at_special_values()
    for case, got in zip(cases, target.run(cases), strict=True):
        if got is not None and not isinstance(got, str):
            assert not list(differences(got, case, case.room(), target.ulps)), case.name
            zeros = np.array(case.wanted) == 0.0
            np.testing.assert_array_equal(np.signbit(got)[zeros], np.signbit(case.wanted)[zeros], err_msg=case.name)
