"""The table of `raystudy measure`: joules with their interval, and what to know before trusting them, line by line."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

COLUMNS = ("scope", "energy", "mean power", "readings", "how")


def show(told: Mapping[str, Any], console: Console) -> None:
    """Print what a person wants to know of what `--json` prints."""
    console.print(f"\n{told['duration_s']:.3f} s, exit code {told['exit_code']}", markup=False)
    if told["reason"]:
        console.print(f"No figure: {told['reason']}", markup=False)
        return
    for line in _table(told):
        console.print(line, markup=False)
    for line in (*_notes(told["energies"]), *_precision(told["total"])):
        console.print(line, markup=False)


def _table(told: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the lines of the table: a device with its name, and below it, in columns, its figures.

    A UUID and a name fill half a line of 80 characters, so that figures beside them would go over its end.
    """
    rows = [_row(entry) for entry in told["energies"]]
    heads = [_head(entry) for entry in told["energies"]]
    for scope, total in told["total"].items():
        if total["devices"] > 1:
            rows.append((scope, _joules(total), _watts(total), "", ""))
            heads.append(f"total of {total['devices']} devices")
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    yield _aligned(COLUMNS, widths)
    for head, row in zip(heads, rows, strict=True):
        yield head
        yield _aligned(row, widths)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Write a row in columns, numbers to the right."""
    first, *numbers, last = row
    right = (number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True))
    return "  ".join(("", first.ljust(widths[0]), *right, last)).rstrip()


def _head(entry: Mapping[str, Any]) -> str:
    """Write a device, and what people call it where that is not in its identity."""
    return entry["device"] if entry["name"] in entry["device"] else f"{entry['device']}  {entry['name']}"


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    rate = f"{entry['n_samples']}" + ("" if entry["rate_hz"] is None else f", {entry['rate_hz']:.3g} Hz")
    return entry["scope"] or "", _joules(entry), _watts(entry), rate, entry["method"] or ""


def _joules(figure: Mapping[str, Any]) -> str:
    """Write joules to the second digit of what they may be off."""
    energy_j, u_j = figure["energy_j"], figure["u_j"]
    if energy_j is None:
        return "—"
    scale = u_j or abs(energy_j) / 100
    places = min(max(1 - math.floor(math.log10(scale)), 0), 6) if scale else 1
    return f"{energy_j:,.{places}f} J" if u_j is None else f"{energy_j:,.{places}f} ± {u_j:,.{places}f} J"


def _watts(figure: Mapping[str, Any]) -> str:
    return "—" if figure["mean_w"] is None else f"{figure['mean_w']:,.1f} W"


def _notes(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each thing that someone who trusts a figure should know of it."""
    for entry in entries:
        said = [entry["reason"]] if entry["reason"] else []
        if entry["n_errors"]:
            said.append("Reads failed: " + ", ".join(f"{code} x {n}" for code, n in entry["errors"].items()) + ".")
        if entry["gaps"]:
            silent_s = math.fsum(gap["end_s"] - gap["start_s"] for gap in entry["gaps"])
            said.append(f"Nothing was read for {silent_s:.2f} s, in {len(entry['gaps'])} gaps.")
        if entry["agree"] is False:
            said.append(f"Counter and integral disagree: {entry['counter_over_integral'] or math.nan:.3f} to 1.")
        if entry["shared"]:
            said.append("Others may have used it, too.")
        if said:
            yield f"{entry['device']}: {' '.join(said)}"


def _precision(totals: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what a total is worth: beside another run on the same devices, and as joules."""
    for scope, total in totals.items():
        energy_j, u_j, gain = total["energy_j"], total["u_j"], total["rel_gain"]
        if energy_j:
            between = f"± {100 * u_j / energy_j:.2g} % beside other runs on the same devices"
            scale = f"± {100 * gain:.2g} % more" if gain else "unspecified, as the instrument's scale is"
            yield f"{scope}: {between}; as absolute joules {scale}."
