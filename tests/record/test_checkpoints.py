"""The last state of an unfinished trial: whole or not there, and on the clock that runs when it goes on."""

import dataclasses
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.checkpoints import Checkpoints, Course, Kept, Moment
from raystudy.record.labelled import Answered
from raystudy.record.outcome import Interval, Span
from raystudy.record.schema import Float32
from raystudy.record.segment import Segment
from raystudy.record.store import LocalStore
from tests.observations import segment, trace

HERE = Moment(mono_s=110.0, unix_s=1_000_110.0, boot_hash="b007b007b007")


def interval(**known: float) -> Interval:
    """Return an interval of which little is known."""
    nothing = dict.fromkeys(field.name for field in dataclasses.fields(Interval))
    return Interval(**nothing | {"start_s": 100.0, "at_s": 109.0, "evaluated_s": None, "tokens_seen": 1} | known)  # type: ignore[arg-type]


def kept(*segments: Segment, intervals: int = 1, at: Moment = HERE) -> Kept:
    """Return a state after some intervals."""
    spans = (Span(name="train", start_s=100.0, end_s=109.0),)
    course = Course(
        spans=spans,
        intervals=(interval(),) * intervals,
        step_losses=(Float32(2.5),),
        zero_shot=(Answered(correct=True, loglik=-1.25),),
    )
    return Kept(terms={"seed": "1"}, course=course, segments=segments or (segment(),), at=at)


def keep(checkpoints: Checkpoints, state: Kept) -> None:
    """Keep a state with some bytes of a training and one trace."""
    checkpoints.keep(state, state=lambda path: _ok(path.write_bytes(b"weights")), traces=[trace("energy_j")])


def _ok(_: int) -> None:
    """Return nothing, as a writer does."""


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Return the folder of a trial, which is not there yet."""
    return Checkpoints(LocalStore(tmp_path), "trial")


def test_what_was_kept_is_read(checkpoints: Checkpoints) -> None:
    """Terms, course, segments and clocks come back as they were; nothing is there before."""
    assert checkpoints.last() is None
    keep(checkpoints, kept())

    assert kept() == checkpoints.last()


def test_only_the_last_state_is_kept(checkpoints: Checkpoints) -> None:
    """The weights of earlier states go, their readings stay."""
    for intervals in (1, 2, 3):
        keep(checkpoints, kept(intervals=intervals))
    files = [file.name for file in sorted(Path(checkpoints.place).iterdir())]

    assert 3 == checkpoints.reached
    assert ["0001-0.traces.parquet", "0002-0.traces.parquet", "0003-0.traces.parquet", "0003.json"] == files[:4]
    assert ["0003.safetensors"] == files[4:]


def test_a_state_that_could_not_be_written_changes_nothing(checkpoints: Checkpoints) -> None:
    """A full disk in the middle of it: the state before counts, and no half file is left."""
    keep(checkpoints, kept())

    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoints.keep(kept(intervals=2), state=full, traces=[])

    assert kept() == checkpoints.last()
    assert not list(Path(checkpoints.place).glob(".*"))


def test_readings_come_back_by_segment(checkpoints: Checkpoints) -> None:
    """What was read in each segment is joined over its states, and moved onto the clock that runs now."""
    keep(checkpoints, kept())
    keep(checkpoints, kept(segment(), segment(start_s=120.0), intervals=2))
    first, second, third = checkpoints.parts([segment(clock_shift_s=-50.0), segment(), segment()])

    assert [99.5 - 50.0, 99.5] == pytest.approx([part.traces[0].readings[0].at_s for part in (first, second)])
    assert () == third.traces


def test_the_same_boot_has_the_same_clock() -> None:
    """Times stay as they are."""
    later = dataclasses.replace(HERE, mono_s=500.0, unix_s=1_000_500.0)

    assert kept() == kept().on_clock_of(later)


def test_another_boot_has_another_clock() -> None:
    """After a restart the wall clock tells: 100 s after it was kept, at 7 s of the new boot, it ended at -93 s."""
    moved = kept().on_clock_of(Moment(mono_s=7.0, unix_s=HERE.unix_s + 100, boot_hash="another"))

    assert -93.0 - 1.0 == pytest.approx(moved.course.spans[0].end_s)
    assert -93.0 - 1.0 == pytest.approx(moved.course.intervals[0].at_s)
    assert -203.0 == pytest.approx(moved.segments[0].clock_shift_s)


def test_a_wall_clock_that_went_back_lets_nothing_overlap() -> None:
    """All that was kept ends at the latest just now."""
    moved = kept().on_clock_of(Moment(mono_s=7.0, unix_s=5.0, boot_hash="another"))

    assert 7.0 - 1.0 == pytest.approx(moved.course.spans[0].end_s)


def test_what_cannot_be_read_says_what_to_do(checkpoints: Checkpoints) -> None:
    """A broken record of a state is no traceback."""
    keep(checkpoints, kept())
    (Path(checkpoints.place) / "0001.json").write_text("{")

    with pytest.raises(ArchiveError, match="the trial starts anew"):
        checkpoints.last()


def test_a_finished_trial_leaves_no_folder(checkpoints: Checkpoints) -> None:
    """Nor does clearing what is not there fail."""
    keep(checkpoints, kept())
    checkpoints.clear()
    checkpoints.clear()

    assert not Path(checkpoints.place).exists()


def test_readings_that_cannot_be_read_are_a_gap(checkpoints: Checkpoints) -> None:
    """A file that was cut short takes its own readings away, is told by name, and hinders nothing."""
    keep(checkpoints, kept())
    keep(checkpoints, kept(intervals=2))
    (Path(checkpoints.place) / "0002-0.traces.parquet").write_bytes(b"PAR1")
    (part,) = checkpoints.parts([segment()])

    assert ["0002-0.traces.parquet"] == checkpoints.unreadable()
    assert 1 == len(part.traces)


def test_what_a_kill_left_behind_goes_with_the_next_state(checkpoints: Checkpoints) -> None:
    """Half files are as large as a model; and names that are no state's are nobody's."""
    keep(checkpoints, kept())
    (Path(checkpoints.place) / ".0001.safetensors.abc.tmp").write_bytes(b"half")
    (Path(checkpoints.place) / "notes.json").write_text("{}")
    keep(checkpoints, kept(intervals=2))

    assert not list(Path(checkpoints.place).glob(".*.tmp"))
    assert kept(intervals=2) == checkpoints.last()


def test_what_changed_is_told(checkpoints: Checkpoints) -> None:
    """Each term that is not the same, with both values."""
    keep(checkpoints, kept())

    assert ["seed was 1, is 2"] == kept().changed({"seed": "2"})
    assert [] == kept().changed({"seed": "1"})
