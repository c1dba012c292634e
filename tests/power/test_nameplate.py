"""The estimate of last resort."""

from types import SimpleNamespace

from raystudy.power.nameplate import Nameplate


def test_busy_seconds_times_watts() -> None:
    """User, nice, system and interrupts are busy; idle, iowait and stolen time are not, and guest is inside user."""
    times = SimpleNamespace(
        user=10.0, nice=1.0, system=2.0, irq=0.5, softirq=0.5, idle=900.0, iowait=50.0, steal=7.0, guest=4.0
    )

    assert 140.0 == Nameplate(10, cpu_times=lambda: times).lines[0].ask()


def test_everything_of_it_is_marked_as_estimated() -> None:
    """No table can take a nameplate for a measurement."""
    channel = Nameplate(10).lines[0].channel

    assert (True, "package", "energy_j", "nameplate", "nameplate/energy_j") == (
        channel.estimated,
        channel.scope,
        channel.quantity,
        channel.device,
        channel.name,
    )
