"""An archive is opened for the study whose trials it holds, run as they were."""

import re
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from tests.observations import observation, study_of


@pytest.mark.parametrize(("gpus", "device"), [(0, "cpu"), (1, "GPU-a"), (2, "GPU-a+GPU-b")])
def test_another_number_of_gpus_is_refused(tmp_path: Path, gpus: int, device: str) -> None:
    """Trials on one GPU and on two are no repetitions of each other; on as many others they are."""
    study, archive = study_of(resources__gpus=str(gpus)), Archive(tmp_path)
    archive.write(observation(next(study.trials()), study=study, device=device, threads=1))

    with pytest.raises(ArchiveError, match=re.escape(f"measured otherwise: gpus was {gpus}, is now 3.")):
        open_for(archive, study_of(resources__gpus="3"), "")
    open_for(archive, study, "")
