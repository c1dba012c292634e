"""An archive opened for a study: made ready where it is new, refused where it holds something else."""

from collections.abc import Iterator

import pyarrow.parquet as pq

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.checkpoints import recipe_terms
from raystudy.record.segment import gpus_of
from raystudy.study import Recipe, Study, Trial

_ELSEWHERE = "Give the study another name, or another folder with --out."


def open_for(archive: Archive, study: Study, study_text: str) -> None:
    """Keep the study file; raises ArchiveError where it cannot be written, or what is there was run otherwise."""
    try:
        for refuse in (_refuse_other_study, _refuse_other_recipes, _refuse_other_states, _refuse_other_base):
            refuse(archive, study)
        archive.write_study(study_text)
    except OSError as error:
        raise ArchiveError(
            f"Results cannot be written to {archive.place}: {error.strerror or error}. Give another folder with --out."
        ) from error


def _refuse_other_study(archive: Archive, study: Study) -> None:
    """Refuse an archive of another study: its file is the record, and would be overwritten."""
    if archive.holds_study and (held := archive.study()).name != study.name:
        raise ArchiveError(
            f"{archive.place} holds the study {held.name!r}, not {study.name!r}. Give another folder with --out."
        )


def _refuse_other_recipes(archive: Archive, study: Study) -> None:
    """Refuse trials that were measured under the same name with another recipe, seed or number of GPUs or threads."""
    files = archive.trial_files()
    for trial in _all_of(study):
        if trial.id not in files:
            continue
        row = pq.read_table(files[trial.id], columns=[*Recipe.model_fields, "seed", "device", "threads"]).to_pylist()[0]
        row["gpus"] = len(gpus_of(row["device"]))
        here = {"gpus": study.resources.gpus, "threads": study.resources.cpus}
        now = trial.recipe.model_dump() | {"seed": trial.seed} | here
        changed = [f"{key} was {row[key]!r}, is now {now[key]!r}" for key in now if row[key] != now[key]]
        if changed:
            raise ArchiveError(
                f"{archive.within(f'trials/{trial.id}.parquet')} was measured otherwise: {'; '.join(changed)}. "
                + _ELSEWHERE
            )


def _refuse_other_states(archive: Archive, study: Study) -> None:
    """Refuse the states of trials that were begun under the same name with another recipe or seed."""
    begun = archive.reached().keys() - archive.finished()
    for trial in (trial for trial in _all_of(study) if trial.id in begun):
        checkpoints = archive.checkpoints(trial.id)
        kept = checkpoints.last()
        if kept and (changed := kept.changed(recipe_terms(trial.recipe, trial.seed))):
            raise ArchiveError(
                f"{checkpoints.place} holds the state of a trial with another recipe: {'; '.join(changed)}. Give "
                "the study another name, or another folder with --out; or delete that folder to start it anew."
            )


def _refuse_other_base(archive: Archive, study: Study) -> None:
    """Refuse to mix trials that start from other weights: their own rows do not tell how those were trained."""
    began = archive.has_observations or archive.reached()
    if began and archive.holds_study and archive.study().pretraining != study.pretraining:
        raise ArchiveError(
            f"The trials in {archive.place} were run with another [pretraining], or without one, so their models "
            f"start from other weights. {_ELSEWHERE}"
        )


def _all_of(study: Study) -> Iterator[Trial]:
    """Yield all that a study trains: its pretrainings, and its trials."""
    yield from study.pretrainings()
    yield from study.trials()
