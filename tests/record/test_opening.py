"""An archive is opened for the study whose trials it holds, run as they were."""

import dataclasses
import re
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.checkpoints import recipe_terms
from raystudy.record.opening import open_for
from tests.fakes.counted import Counted
from tests.observations import observation, study_of
from tests.record.test_checkpoints import kept


@pytest.mark.parametrize(("gpus", "device"), [(0, "cpu"), (1, "GPU-a"), (2, "GPU-a+GPU-b")])
def test_another_number_of_gpus_is_refused(tmp_path: Path, gpus: int, device: str) -> None:
    """Trials on one GPU and on two are no repetitions of each other; on as many others they are."""
    study, archive = study_of(resources__gpus=str(gpus)), Archive(tmp_path)
    archive.write(observation(next(study.trials()), study=study, device=device, threads=1))

    with pytest.raises(ArchiveError, match=re.escape(f"measured otherwise: gpus was {gpus}, is now 3.")):
        open_for(archive, study_of(resources__gpus="3"), "")
    open_for(archive, study, "")


def test_only_states_that_are_there_are_opened(tmp_path: Path) -> None:
    """Of fifteen trials one was begun: all are listed at once, then that one is."""
    study, store = study_of(), Counted(tmp_path)
    trial, archive = next(study.trials()), Archive(store)
    state = dataclasses.replace(kept(), terms=recipe_terms(trial.recipe, trial.seed))
    archive.checkpoints(trial.id).keep(state, state=lambda path: path.touch(), traces=())
    store.asked.clear()
    open_for(archive, study, "")
    here = f"checkpoints/{trial.id}"

    assert ["checkpoints", here, f"{here}/0001.json", "checkpoints"] == store.about_states()
