"""`raystudy measure`: the joules of any command, device by device, each with how far it may be off.

    meters ──Sampler──▶ mark, the command, mark ──span──▶ traces ──energies──▶ a table, or one line of JSON

The command runs whatever the instruments do: what fails there is a reason why a figure is missing.
"""

import dataclasses
import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console

from raystudy.cli.command import Ended, Signals
from raystudy.cli.command import run as run_command
from raystudy.cli.energy_table import show
from raystudy.errors import MeterError
from raystudy.power import Opened, open_meters
from raystudy.power.sampler import Sampler
from raystudy.record.energy import Energy, energies
from raystudy.record.outcome import Span
from raystudy.record.totals import relative_gain
from raystudy.record.trace import Scope
from raystudy.study import Metering

MAX_HZ = 100.0
OPEN_S = 10.0
"""Instruments that have not opened after this are not waited for: the command starts without them."""

STDERR = 2

ESTIMATED = "It is estimated from a nameplate: no interval can be told."

WIDTH = 1000
"""No line is broken by us: a UUID or a command that is cut, or goes over two lines, cannot be copied."""

_SCOPES: Mapping[str, Scope] = {
    "nvml": "gpu",
    "amd": "gpu",
    "apple": "package",
    "rapl": "package",
    "perf": "package",
    "battery": "board",
}
"""What an instrument would cover that cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """The instruments beside a command, and why there are none where there are none."""

    sampler: Sampler | None = None
    not_read: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A command that was run, and what it took."""

    command: tuple[str, ...]
    ended: Ended
    watch: Watch
    energies: tuple[Energy, ...] = ()
    cpu_share: float | None = None
    refusal: str | None = None
    """Why there is no figure at all."""


def _rate(rate_hz: float) -> float:
    if not 0 < rate_hz <= MAX_HZ:
        raise typer.BadParameter(f"{rate_hz:g} is not above 0 and at most {MAX_HZ:g} readings per second.")
    return rate_hz


def measure(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to run, with its arguments.")],
    *,
    rate_hz: Annotated[
        float, typer.Option(callback=_rate, help=f"Power readings per second, at most {MAX_HZ:g}.")
    ] = 10.0,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one line of JSON on stdout; what the command writes to stdout then goes to stderr."
        ),
    ] = False,
) -> None:
    """
    Run a command and tell the joules of each device while it ran, and how far each figure may be off.

    The exit code is the command's; 127 where it was not found, 126 where it cannot be run, 128 + N where signal N
    ended it. The table goes to stderr: stdout is the command's own. A figure covers the whole device, whoever used it.

    Example: `raystudy measure -- python train.py --epochs 3`

    Example: `raystudy measure --json -- sleep 10 | jq .total`
    """
    with Signals() as signals, _watch(rate_hz) as watch:
        stdout = (
            None if not as_json else STDERR if sys.stderr else subprocess.DEVNULL
        )  # closed as `2>&-`: none to go to
        measured = _measured(tuple(command), watch, signals, stdout=stdout)
        _print(measured, as_json=as_json)  # before the instruments are closed, which may take seconds
    raise typer.Exit(measured.ended.exit_code)


def _print(measured: Measured, *, as_json: bool) -> None:
    console = Console(stderr=True, width=WIDTH, soft_wrap=True, highlight=False)
    if measured.ended.refusal:
        console.print(measured.ended.refusal, markup=False)
    if as_json:
        typer.echo(json.dumps(as_object(measured), allow_nan=False))
    elif not measured.ended.refusal:
        show(as_object(measured), console)


@contextmanager
def _watch(rate_hz: float) -> Iterator[Watch]:
    """Open the instruments and start to read; whatever goes wrong there is a reason, and the command runs."""
    with ExitStack() as stack:
        spill = None
        with suppress(OSError):  # without a disk to go to, readings stay in memory
            spill = Path(stack.enter_context(TemporaryDirectory(prefix="raystudy-", ignore_cleanup_errors=True)))
        try:
            opened = _opened(Metering(rate_hz=rate_hz))
            sampler = Sampler(opened.meters, rate_hz=rate_hz, spill=spill)
        except Exception as error:  # noqa: BLE001 - a driver may fail in any way, and the command shall run
            yield Watch(refusal=f"The instruments cannot be opened: {str(error) or type(error).__name__}")
            return
        stack.callback(sampler.close)
        yield Watch(sampler=sampler, not_read=opened.reasons, unreadable=opened.unreadable)


def _opened(metering: Metering) -> Opened:
    """Open the instruments; raises MeterError where they hang."""
    found: list[Opened | Exception] = []

    def open_all() -> None:
        try:
            found.append(open_meters(metering))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            found.append(error)

    opening = threading.Thread(target=open_all, name="raystudy-open", daemon=True)
    opening.start()
    opening.join(OPEN_S)
    if not found:
        raise MeterError(f"The instruments did not open within {OPEN_S:g} s.", "`raystudy meters` tells which hangs.")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _measured(command: tuple[str, ...], watch: Watch, signals: Signals, *, stdout: int | None) -> Measured:
    """Run the command between two sharp edges; what goes wrong at them costs the figure, never the command."""
    refusal = _marked(watch)
    ended = run_command(command, signals, stdout=stdout)
    found = Measured(command=command, ended=ended, watch=watch, refusal=ended.refusal or refusal or _marked(watch))
    if found.refusal or watch.sampler is None:
        return found
    try:
        traces = watch.sampler.span(ended.start_s, ended.end_s)
        figures = energies(traces, [Span(name="train", start_s=ended.start_s, end_s=ended.end_s)], {})
    except Exception as error:  # noqa: BLE001 - the command has run, and its exit code shall be kept
        return dataclasses.replace(found, refusal=f"The readings give no figure: {error or type(error).__name__}")
    share = traces[0].sampling.cpu_share if traces else None
    return dataclasses.replace(found, energies=figures, cpu_share=share)


def _marked(watch: Watch) -> str | None:
    """Have all lines read now; returns why that cannot be."""
    if watch.sampler is None:
        return watch.refusal
    try:
        watch.sampler.mark()
    except Exception as error:  # noqa: BLE001 - as above
        return f"The instruments cannot be read: {error or type(error).__name__}"
    return None


def as_object(measured: Measured) -> dict[str, Any]:
    """Return what `--json` prints; what is not known is null, and its reason stands beside it."""
    ended = measured.ended
    return {
        "command": list(measured.command),
        "duration_s": None if ended.refusal else ended.end_s - ended.start_s,
        "exit_code": ended.exit_code,
        "energies": [_figure(energy, ended.start_s) for energy in measured.energies]
        + [_no_figure(name, measured.watch.not_read[name]) for name in measured.watch.unreadable],
        "total": {
            scope: _total([energy for energy in measured.energies if energy.scope == scope], ended)
            for scope in dict.fromkeys(energy.scope for energy in measured.energies if energy.method != "estimated")
        }
        | _no_totals(measured.watch),
        "not_read": dict(measured.watch.not_read),
        "sampler_cpu_share": measured.cpu_share,
        "reason": measured.refusal,
    }


def _figure(energy: Energy, start_s: float) -> dict[str, Any]:
    quality, estimated = energy.quality, energy.method == "estimated"
    return {
        "device": energy.device,
        "name": energy.label,
        "scope": energy.scope,
        "method": energy.method,
        "energy_j": energy.energy_j,
        "u_j": energy.u_j,
        "rel_gain": energy.rel_gain,
        "mean_w": energy.power_mean_w,
        "coverage": quality.coverage,
        "rate_hz": quality.rate_hz,
        "n_samples": quality.n_readings,
        "n_errors": quality.n_errors,
        "errors": {error.code: error.n for error in quality.errors},
        "n_glitches": quality.n_glitches,
        "late_p50_s": quality.late_p50_s,
        "late_p99_s": quality.late_p99_s,
        "gaps": [{"start_s": gap.start_s - start_s, "end_s": gap.end_s - start_s} for gap in quality.gaps],
        "agree": energy.agree,
        "counter_over_integral": energy.counter_over_integral,
        "shared": energy.shared,
        "reason": energy.reason or (ESTIMATED if estimated else None),
    }


def _no_figure(name: str, reason: str) -> dict[str, Any]:
    """Return the entry of an instrument that is there, and cannot be read."""
    absent = ("method", "energy_j", "u_j", "rel_gain", "mean_w", "coverage", "rate_hz", "agree")
    known = {"device": name, "name": name, "scope": _SCOPES.get(name), "reason": reason}
    return known | dict.fromkeys(absent) | {"n_samples": 0, "n_errors": 0, "errors": {}, "gaps": [], "shared": False}


def _no_totals(watch: Watch) -> dict[str, Any]:
    """Return the totals of scopes that an instrument would cover which cannot be read, and that no other covers."""
    read = {channel.scope for channel in watch.sampler.channels if not channel.estimated} if watch.sampler else set()
    reasons: dict[str, list[str]] = {}
    for name in watch.unreadable:
        if (scope := _SCOPES.get(name)) and scope not in read:
            reasons.setdefault(scope, []).append(watch.not_read[name])
    absent = dict.fromkeys(("energy_j", "u_j", "rel_gain", "mean_w"))
    return {
        scope: absent | {"devices": 0, "shared_j": None, "reason": " ".join(said)} for scope, said in reasons.items()
    }


def _total(parts: Sequence[Energy], ended: Ended) -> dict[str, Any]:
    """Add up the devices of a scope; a sum that lacks a part is none, and what is shared or estimated is no part."""
    measured = [energy for energy in parts if energy.method != "estimated"]
    own = [energy for energy in measured if not energy.shared]
    lacking = [f"{energy.device}: {energy.reason}" for energy in own if energy.energy_j is None]
    known = bool(own) and not lacking
    energy_j = math.fsum(energy.energy_j or 0.0 for energy in own) if known else None
    shared = [energy.energy_j for energy in measured if energy.shared and energy.energy_j is not None]
    return {
        "energy_j": energy_j,
        "u_j": math.fsum(energy.u_j or 0.0 for energy in own) if known else None,
        "rel_gain": relative_gain(own) if known else None,
        "mean_w": None if energy_j is None else energy_j / (ended.end_s - ended.start_s),
        "devices": len(own),
        "shared_j": math.fsum(shared) if shared else None,
        "reason": " ".join(lacking) or (None if own else "Others may have used each of its devices, too: shared_j."),
    }
