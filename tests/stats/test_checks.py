"""Second thoughts on a comparison: each is what its own function says, and what it leaves out of the test."""

from dataclasses import replace

import numpy as np

from raystudy.stats.checks import check
from raystudy.stats.decision import decided
from raystudy.stats.design import Design, one_way
from raystudy.stats.diagnostics import diagnostics
from raystudy.stats.power import required_n
from raystudy.stats.reason import Reason
from raystudy.stats.resample import permutation, sign_flip
from raystudy.stats.unpaired import pairing, welch


def made(*, n: int = 6, k: int = 3, step: float = 1.0) -> Design:
    """Return levels that rise by a step, with noise."""
    values = np.random.default_rng(4).normal(size=(n, k)) + step * np.arange(k)
    return one_way(values, [str(2**level) for level in range(k)])


def test_parts() -> None:
    """Each look is that of its own function."""
    data = made()
    found = check(data)

    assert (sign_flip(data), permutation(data), welch(data), pairing(data), diagnostics(data)) == (
        found.sign_flip,
        found.permutation,
        found.welch,
        found.pairing,
        found.diagnostics,
    )


def test_subjects_to_plan_with() -> None:
    """They rest on the test that decides, with the degrees of freedom that its correction leaves."""
    data = made()
    decision = decided(data)[1]

    assert decision.value is not None
    assert required_n(decision.value, df_effect=decision.df[0], n=6) == check(data).required


def test_each_subject_is_left_out_once() -> None:
    """What is looked at is the p that decides: with one subject left out, and the whole beside it."""
    data = made()
    found = check(data).influence
    without_first = replace(data, values=data.values[1:], subjects=data.subjects[1:], groups=data.groups[1:])

    assert (decided(data)[1].p, 6, decided(without_first)[1].p) == (found.p, len(found.left), found.left[0].p)


def test_a_trajectory_is_left_out_by_its_trend() -> None:
    """Where the trend decides, its p is what may hang on one subject."""
    data = made(k=6, step=0.1)

    assert decided(data)[1].p == check(data).influence.p


def test_nothing_to_plan_with() -> None:
    """Where there is no test, there is no number of subjects, and every look says why it is missing."""
    found = check(one_way(np.empty((0, 3))))

    assert ((), Reason.NO_SUBJECT, Reason.NO_SUBJECT, None) == (
        found.required,
        found.sign_flip.reason,
        found.influence.reason,
        found.welch.p,
    )


def test_two_subjects() -> None:
    """The least design that has a test: one subject alone has none, so nobody is left out."""
    found = check(made(n=2, k=2)).influence

    assert ((), Reason.FEW_SUBJECTS) == (found.left, found.reason)
