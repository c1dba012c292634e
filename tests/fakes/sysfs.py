"""A folder of small files, as the kernel shows a device."""

from pathlib import Path


def device(root: Path, place: str, **files: object) -> Path:
    """Write a folder whose files hold the values, and return it."""
    folder = root / place
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name).write_text(f"{value}\n")
    return folder


def perf_events(root: Path, *, cpumask: str = "0", ram: bool = True) -> Path:
    """Write perf's description of RAPL events: type 23, units of 2^-32 J."""
    device(root, ".", type=23, cpumask=cpumask)
    events = device(root, "events")
    for name, number in (("energy-pkg", 2), *((("energy-ram", 3),) if ram else ())):
        (events / name).write_text(f"event=0x0{number}\n")
        (events / f"{name}.scale").write_text("2.3283064365386962890625e-10\n")
        (events / f"{name}.unit").write_text("Joules\n")
    return root
