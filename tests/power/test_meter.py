"""A failed read has a short code."""

import pytest

from raystudy.power.meter import code_of


class NotDischarging(Exception):  # noqa: N818 - its name is the code
    """An error of a meter."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "Permission denied"), "EACCES"),
        (OSError("gone"), "OSError"),
        (ValueError("no number"), "ValueError"),
        (NotDischarging("on mains"), "NotDischarging"),
    ],
)
def test_an_error_is_counted_under_its_code(error: Exception, code: str) -> None:
    """The system's name of the error where there is one, else that of its class."""
    assert code == code_of(error)
