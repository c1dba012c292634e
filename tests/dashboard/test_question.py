"""A question and its answer, on their way."""

import random

import polars as pl
import pytest

from raystudy.dashboard.question import MOST_BYTES, Question, answer_in, line_of, question_of
from raystudy.dashboard.state import State
from raystudy.errors import ArchiveError
from raystudy.record.live import Driver, Live, Running, Snapshot

FRAME = pl.DataFrame({"id": ["ä", None], "joules": [1.5, None], "trace": [[{"w": 1.0}], []]})
LIVE = Live(
    driver=Driver(host="h", pid=1, process_began_s=2.5, boot_hash="b", began_utc="2026-01-01T00:00:00", address=None),
    beat=3,
    beat_utc="2026-01-01T00:00:04",
    snapshot=Snapshot(
        what="trials",
        planned=2,
        done=1,
        failed=0,
        running=(
            Running(
                trial_id="t",
                node="n",
                host="h",
                device="cpu",
                tokens_seen=1,
                budget_tokens=2,
                tokens_per_s=None,
                loss=3.0,
            ),
        ),
        power_w={"n": {"package-0": 12.5, "GPU-1": None}},
        elapsed_s=1.0,
        left_s=None,
    ),
)
STATE = State(study="s", trials=(), failures=(("t", "why"),), live=LIVE, silent_s=1.0)


def test_a_question_survives_the_command_line() -> None:
    """Quotes, letters of any script and nothing at all come back as they were."""
    asked = Question(ask="results", archive="/a b", sql="select 'ü' from \"trials\"", nested=False)

    assert asked == question_of(asked.to_json())


@pytest.mark.parametrize("answer", [STATE, "There is no such folder."])
def test_an_answer_survives_the_log(answer: State | str) -> None:
    """Lines around it, before and after, do not disturb."""
    assert answer == answer_in(f"Runtime env is set up.\n{line_of(answer)}\nsome warning\n")


def test_rows_survive_the_log() -> None:
    """Nested columns and nulls come back as they were."""
    back = answer_in(line_of(FRAME))

    assert isinstance(back, pl.DataFrame)
    assert FRAME.equals(back)


def test_the_last_answer_counts_and_none_is_null() -> None:
    """A log may hold an answer that was tried before, or none."""
    assert ("second", None) == (answer_in(f"{line_of('first')}\n{line_of('second')}"), answer_in("nothing\n"))


def test_what_no_log_takes_is_refused() -> None:
    """More than 30 MB of text: the sentence says to ask for less."""
    noise = pl.DataFrame({"noise": [random.Random(1).randbytes(MOST_BYTES)]})

    with pytest.raises(ArchiveError, match="Select fewer columns or rows"):
        line_of(noise)
