"""What a driver tells of itself."""

import sys

from raystudy.sweep.metadata import metadata_of


def test_what_is_not_known_is_left_out() -> None:
    """Outside of git there is no commit; all values are text, as Ray wants them."""
    told = metadata_of("made", archive="/results", commit=None)

    assert ("made", "made", "/results", sys.executable) == tuple(
        told[key] for key in ("job_name", "study", "archive", "python")
    )
    assert "commit" not in told
