"""What a node can be measured with."""

from pathlib import Path

from raystudy.power import METERS
from raystudy.power.sources import sources
from raystudy.study import Metering
from tests.fakes.nvml import FakeNvml
from tests.fakes.rapl import zone


def test_every_source_is_named_with_its_devices_or_a_reason(fake_nvml: FakeNvml, tmp_path: Path) -> None:
    """A source is readable and lists devices, or is not and says why."""
    fake_nvml.fail_init(9)
    zone(tmp_path, "intel-rapl:0", name="package-0")
    nvml, rapl, nameplate = sources(Metering(powercap_root=str(tmp_path)))

    assert tuple(METERS) == (nvml.name, rapl.name, nameplate.name)
    assert (False, ()) == (nvml.readable, nvml.devices)
    assert "install the driver" in str(nvml.reason)
    assert (True, ("package-0@intel-rapl:0",), None) == (rapl.readable, rapl.devices, rapl.reason)
    assert (True, True) == (nameplate.readable, nameplate.estimated)
