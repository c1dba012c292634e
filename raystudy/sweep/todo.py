"""What of a study is still to be run, and what a run did: trials that are not finished, and pretrainings before them.

archive ──Begun──▶ ... the run ... ──▶ archive: the difference is the Sweep
"""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from raystudy import errors
from raystudy.errors import ArchiveError, ClusterError, MeterError, RaystudyError
from raystudy.record.archive import Archive, Failure
from raystudy.study import Study, Trial


def missing(archive: Archive, trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Return those that are not finished."""
    finished = archive.finished()
    return tuple(trial for trial in trials if trial.id not in finished)


def pretrainings_before(study: Study, archive: Archive, todo: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Return the pretrainings that these trials wait for; raises ArchiveError where weights were taken away."""
    models = {trial.recipe.model for trial in todo}
    wanted = [each for each in study.pretrainings() if each.recipe.model in models]
    finished = archive.finished()
    for each in wanted:
        if each.id in finished and not archive.has_pretrained(each.recipe.model):
            raise ArchiveError(
                f"{archive.within(f'pretrained/{each.recipe.model}')} is gone, and the trials that are missing start "
                "from its weights. Bring it back, or give another folder with --out."
            )
    return missing(archive, wanted)


def able_to_begin(study: Study, archive: Archive, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Return those whose model needs no pretraining, or has it."""
    lacking = {each.recipe.model for each in missing(archive, study.pretrainings())}
    return tuple(trial for trial in trials if trial.recipe.model not in lacking)


def tell_states(study: Study, archive: Archive, tell: Callable[[str], None]) -> None:
    """Say which trials were interrupted and go on; the state of one that was killed just after its end is deleted."""
    finished, reached = archive.finished(), archive.reached()
    for trial in (trial for trial in (*study.pretrainings(), *study.trials()) if trial.id in reached):
        if trial.id in finished:
            archive.checkpoints(trial.id).clear()
        else:
            tell(f"{trial.id} was kept after interval {reached[trial.id] - 1}")


def failures_since(archive: Archive, before: Collection[Failure]) -> dict[str, list[Failure]]:
    """Return the attempts that came to nothing and were not there before, by trial, in order of time."""
    found: dict[str, list[Failure]] = {}
    for each in archive.all_failures():
        if each not in before:
            found.setdefault(each.trial_id, []).append(each)
    return found


def may_try_again(reason: str) -> bool:
    """
    Whether a failure may be another time's success: not where the study is at fault, by the error that it names.

    A meter that does not answer, or a node that lacks something just now, is nobody's fault.
    """
    kind = getattr(errors, reason.partition(":")[0], None)
    if not (isinstance(kind, type) and issubclass(kind, RaystudyError)):
        return True
    return issubclass(kind, MeterError | ClusterError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What one run did, in ids of trials and pretrainings, each in one of these, in plan order."""

    before: tuple[str, ...]
    """Finished before it began."""
    pretrained: tuple[str, ...]
    """Pretrainings that it finished."""
    ran: tuple[str, ...]
    """Trials that it finished."""
    failed: tuple[str, ...]
    """Not finished, and given up in this run."""
    not_begun: tuple[str, ...]
    """Trials that were not tried: the pretraining of their model failed."""
    left: tuple[str, ...]
    """Not finished, and not given up: the run was interrupted."""
    retried: tuple[str, ...]
    """Of those that it finished: an attempt of the same run came to nothing before."""
    wall_s: float
    """From its begin to now."""


class Begun:
    """How an archive was when a run began."""

    def __init__(self, study: Study, archive: Archive) -> None:
        self._study, self._archive = study, archive
        self._began_s = time.monotonic()
        self._finished, self._failures = archive.finished(), frozenset(archive.all_failures())

    def sweep(self) -> Sweep:
        """Return what was done since."""
        finished, failures = self._archive.finished(), failures_since(self._archive, self._failures)
        failed = {each for each, found in failures.items() if self._is_given_up(found)} - finished
        lacking = {each.recipe.model for each in self._study.pretrainings() if each.id in failed}
        not_begun = {trial.id for trial in self._study.trials() if trial.recipe.model in lacking} - finished - failed
        pretrainings = [each.id for each in self._study.pretrainings()]
        trials = [each.id for each in self._study.trials()]
        every = [*pretrainings, *trials]
        now = finished - self._finished
        return Sweep(
            before=tuple(each for each in every if each in self._finished & finished),
            pretrained=tuple(each for each in pretrainings if each in now),
            ran=tuple(each for each in trials if each in now),
            failed=tuple(each for each in every if each in failed),
            not_begun=tuple(each for each in trials if each in not_begun),
            left=tuple(each for each in every if each not in finished | failed | not_begun),
            retried=tuple(each for each in every if each in now & failures.keys()),
            wall_s=time.monotonic() - self._began_s,
        )

    def _is_given_up(self, found: list[Failure]) -> bool:
        """Whether no try was left; deaths after which it came further are counted too: no record tells them apart."""
        return not may_try_again(found[-1].reason) or len(found) > self._study.resources.max_failures
