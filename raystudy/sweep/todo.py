"""What of a study is still to be run, and what a run did: trials that are not finished, and pretrainings before them.

archive ──Begun──▶ ... the run ... ──▶ archive: the difference is the Sweep
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.study import Study, Trial


def missing(archive: Archive, trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Return those that are not finished."""
    return tuple(trial for trial in trials if not archive.has(trial.id))


def pretrainings_before(study: Study, archive: Archive, todo: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Return the pretrainings that these trials wait for; raises ArchiveError where weights were taken away."""
    models = {trial.recipe.model for trial in todo}
    wanted = [each for each in study.pretrainings() if each.recipe.model in models]
    for each in wanted:
        if archive.has(each.id) and not archive.has_pretrained(each.recipe.model):
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
    for trial in (*study.pretrainings(), *study.trials()):
        reached = archive.checkpoints(trial.id).reached
        if reached and archive.has(trial.id):
            archive.checkpoints(trial.id).clear()
        elif reached:
            tell(f"{trial.id} was kept after interval {reached - 1}")


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
    """Not finished, and their last attempt failed in this run."""
    not_begun: tuple[str, ...]
    """Trials that were not tried: the pretraining of their model failed."""
    left: tuple[str, ...]
    """Not finished, and nothing went wrong: the run was interrupted."""
    retried: tuple[str, ...]
    """Of those that it finished: an attempt came to nothing before."""
    wall_s: float
    """From its begin to now."""


class Begun:
    """How an archive was when a run began."""

    def __init__(self, study: Study, archive: Archive) -> None:
        self._study, self._archive = study, archive
        self._began_s = time.monotonic()
        self._finished = self._finished_now()
        self._attempts = {(each.trial_id, each.at_utc) for each in archive.all_failures()}

    def sweep(self) -> Sweep:
        """Return what was done since."""
        finished, attempted = self._finished_now(), self._attempted()
        failed = attempted - finished
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
            retried=tuple(each for each in every if each in now & attempted),
            wall_s=time.monotonic() - self._began_s,
        )

    def _finished_now(self) -> frozenset[str]:
        every = (*self._study.pretrainings(), *self._study.trials())
        return frozenset(each.id for each in every) - {each.id for each in missing(self._archive, every)}

    def _attempted(self) -> frozenset[str]:
        """Return of what an attempt came to nothing since."""
        found = self._archive.all_failures()
        return frozenset(each.trial_id for each in found if (each.trial_id, each.at_utc) not in self._attempts)
