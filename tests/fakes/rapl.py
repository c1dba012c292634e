"""A powercap tree on a real directory."""

from pathlib import Path


def zone(root: Path, place: str, *, name: str, energy_uj: int = 0, range_uj: int = 262_143_328_850) -> Path:
    """Write the folder of one zone, as `intel-rapl:0/intel-rapl:0:1`, and return it."""
    folder = root / place
    folder.mkdir(parents=True, exist_ok=True)
    for file, value in (("name", name), ("max_energy_range_uj", range_uj), ("energy_uj", energy_uj)):
        (folder / file).write_text(f"{value}\n")
    return folder


def count(folder: Path, energy_uj: int) -> None:
    """Let the counter of a zone stand at a value."""
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
