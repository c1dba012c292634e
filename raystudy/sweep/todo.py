"""What of a study is still to be run: its trials that are not finished, and the pretrainings that they wait for."""

from collections.abc import Callable, Iterable

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
