"""Every target on every operation, the corpus and random programs: the numbers of NumPy, or a refusal by name."""

from functools import cache

import numpy as np
import pytest
from cases import GROUPS
from targets import TARGETS

from symdiff.ops.base import Operation
from symdiff.ops.loops import every_row

NAMED = {target.name: target for target in TARGETS}


@cache
def outcomes(name, group):
    cases = GROUPS[group]()
    return dict(zip([case.name for case in cases], NAMED[name].run(cases), strict=True))


@cache
def room(group, k, ulps):
    case = GROUPS[group]()[k]
    if ulps < np.inf:
        return case.room(ulps)
    return [[np.full(np.shape(want), np.inf) for want in wants] for wants in case.wanted]


def names_of(program):
    return {row[0].name if isinstance(row[0], Operation) else row[0] for row in every_row(program)}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_program_has_the_numbers_of_numpy_or_is_refused_by_name(target):
    if reason := target.available():
        pytest.skip(reason)
    wrong = []
    for group, cases in GROUPS.items():
        found = outcomes(target.name, group)
        for k, case in enumerate(cases()):
            got = found[case.name]
            if isinstance(got, str):
                if not any(name in got for name in (*target.refuses, *names_of(case.program))):
                    wrong.append(f"{group}: {case.name}: refused, as there is no {got}")
            elif got is not None:
                most = room(group, k, target.ulps_of(names_of(case.program)))
                wrong += [f"{group}: {case.name}: {text}" for text in differences(got, case.wanted, most)]
    assert not wrong, "\n".join(wrong[:40])


def differences(got, wanted, rooms):
    assert len(got) == len(wanted)
    for some, wants, room in zip(got, wanted, rooms, strict=True):
        for a, want, most in zip(some or (), wants, room, strict=some is not None):
            if np.shape(a) != np.shape(want):
                yield f"shape {np.shape(a)}, not {np.shape(want)}"
                continue
            with np.errstate(all="ignore"):
                same = (a == want) | (np.isnan(a) & np.isnan(want)) | (np.abs(a - want) <= most)
            if not np.all(same):
                yield f"{np.asarray(a)[~same]}, not {np.asarray(want)[~same]} +- {np.asarray(most)[~same]}"


@pytest.mark.parametrize("target", [t for t in TARGETS if t.like], ids=lambda target: target.name)
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
