"""The table of `raystudy measure`, on figures made up."""

import io
from typing import Any

from rich.console import Console

from raystudy.cli.energy_table import show

UUID = "GPU-5f3a9c1e-7b20-4d68-9a11-0c2f64e8b7d3"
TOTAL = {"energy_j": 2e7, "u_j": 300.0, "rel_gain": 0.05, "mean_w": 1_400.0, "devices": 2, "shared_j": None}


def entry(**changes: Any) -> dict[str, Any]:
    """Return the figure of a board."""
    known = {"device": UUID, "name": "NVIDIA GH200 144G HBM3e", "scope": "package", "method": "integrated"}
    figure = {"energy_j": 12_345_678.9, "u_j": 12_345.6, "mean_w": 12_345.6, "rate_hz": 9.97, "n_samples": 1_728_000}
    quality = {"reason": None, "n_errors": 0, "gaps": [], "agree": True, "shared": False}
    return known | figure | quality | changes


def shown(*energies: dict[str, Any]) -> list[str]:
    """Return the rows that people see, from the head of the columns on."""
    file = io.StringIO()
    told = {"duration_s": 1.0, "exit_code": 0, "reason": None, "energies": energies, "total": {"gpu": TOTAL}}
    show(told, Console(file=file, width=1_000, soft_wrap=True))
    return file.getvalue().strip().splitlines()[1:-1]


def test_no_row_is_longer_than_80_characters() -> None:
    """A terminal that breaks a row in its middle makes two of it, and a UUID that nobody can copy."""
    rows = shown(entry(), entry(energy_j=None, u_j=None, mean_w=None, rate_hz=None, n_samples=0, method=None))

    assert (7, True) == (len(rows), max(map(len, rows)) <= 80)


def test_a_device_stands_whole_above_its_figures() -> None:
    """Its identity, and its name; a name that is in the identity is not said twice."""
    rows = shown(entry(), entry(device="package-0@intel-rapl:0", name="package-0"))

    assert [f"{UUID}  NVIDIA GH200 144G HBM3e", "package-0@intel-rapl:0", "total of 2 devices"] == rows[1::2]
    assert "package  12,345,679 ± 12,346 J  12,345.6 W  1728000, 9.97 Hz  integrated" == rows[2].strip()
