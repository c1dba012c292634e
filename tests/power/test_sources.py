"""What a node can be measured with."""

import threading
from pathlib import Path

from raystudy.errors import MeterError, NoMeterError
from raystudy.power import METERS
from raystudy.power.meter import Line, Meter
from raystudy.power.rapl import Rapl
from raystudy.power.sources import Source, sources
from raystudy.record.trace import Channel
from raystudy.study import Metering
from tests.fakes.rapl import zone


def source_of(meter: Meter | MeterError) -> Source:
    """Return what is told of an instrument that opens, or refuses."""

    def opener(_metering: Metering) -> Meter:
        if isinstance(meter, MeterError):
            raise meter
        return meter

    (source,) = sources(Metering(), openers={"made": opener})
    return source


def test_every_instrument_is_named() -> None:
    """Readable or not, each has its line."""
    assert list(METERS) == [source.name for source in sources(Metering())]


def test_a_readable_one_lists_its_devices(tmp_path: Path) -> None:
    """Each with its label, its scope and its channels."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    source = source_of(Rapl(tmp_path))
    (device,) = source.devices

    assert (True, False, None, None) == (source.readable, source.estimated, source.reason, source.fix)
    assert ("package-0@intel-rapl:0", "package-0", "package", ("rapl/package-0@intel-rapl:0/energy_j",), ()) == (
        device.device,
        device.label,
        device.scope,
        device.channels,
        device.errors,
    )


def test_a_device_that_fails_says_with_what(tmp_path: Path) -> None:
    """One zone that cannot be read is told of, though the instrument is readable."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "energy_uj").unlink()
    zone(tmp_path, "intel-rapl:1", name="package-1")

    assert [("ENOENT",), ()] == [device.errors for device in source_of(Rapl(tmp_path)).devices]


def test_a_file_that_may_not_be_read_comes_with_the_command() -> None:
    """One zone kept for root, beside one that is not, is no refusal of the instrument."""

    def refuse() -> float:
        raise PermissionError(13, "Permission denied", "/sys/b/energy_uj")

    class Made:
        lines = (Line(channel=Channel(name="b", quantity="energy_j", scope="package", device="b"), ask=refuse),)

        def close(self) -> None:
            """Nothing is held open."""

    source = source_of(Made())

    assert (True, ("EACCES",)) == (source.readable, source.devices[0].errors)
    assert "`sudo chmod a+r /sys/b/energy_uj`" == source.fix


def test_one_that_refuses_tells_why_and_the_fix() -> None:
    """What was found, and what to do, apart."""
    source = source_of(NoMeterError("There is none.", "Buy one."))

    assert (False, (), "There is none.", "Buy one.") == (source.readable, source.devices, source.reason, source.fix)


def test_one_that_breaks_in_an_unknown_way_is_told_of() -> None:
    """As the sampler would: the error is the reason, and the others are shown."""

    def opener(_metering: Metering) -> Meter:
        raise RuntimeError("the driver is of glass")

    (source,) = sources(Metering(), openers={"made": opener})

    assert (False, True) == (source.readable, "RuntimeError: the driver is of glass" in (source.reason or ""))


def test_one_that_cannot_be_closed_is_readable() -> None:
    """What it told is known by then."""

    class Made:
        lines = ()

        def close(self) -> None:
            raise RuntimeError

    assert source_of(Made()).readable


def test_one_that_hangs_is_given_up() -> None:
    """After a while; the next is tried."""
    never = threading.Event()

    def hangs(_metering: Metering) -> Meter:
        never.wait(10)
        raise NoMeterError("It hung.")

    first, second = sources(
        Metering(), openers={"hangs": hangs, "rapl": lambda _: Rapl(Path("/no/such"))}, answer_s=0.05
    )
    never.set()

    assert (False, "rapl") == (first.readable, second.name)
    assert "did not answer within 0.05 s" in (first.reason or "")
