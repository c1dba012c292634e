"""A head of Ray as a user starts one, with a token: submit, status and results through its dashboard alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from raystudy.power.guard import authentication_mode
from tests.test_flow import TEXT

STARTS_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Head:
    """A head, and what a user needs to reach it."""

    url: str
    environment: dict[str, str]

    def typed(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a command line."""
        command = [sys.executable, "-m", "raystudy", *words]
        return subprocess.run(
            command, check=False, cwd=folder, env=self.environment, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """Start a head on ports that are free, and kill all of it, by process id, in the end."""
    folder = tempfile.mkdtemp(prefix="rs-", dir="/tmp")  # short: sockets lie in it
    gcs, dashboard, client, agent = free_ports(4)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")} | {
        "RAY_AUTH_TOKEN": "a-token-that-nobody-knows-0123456789",
        "RAY_USAGE_STATS_ENABLED": "0",
        "COLUMNS": "100",
    }
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={gcs}"]
    command += [f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1", f"--temp-dir={folder}"]
    command += [f"--ray-client-server-port={client}", f"--dashboard-agent-listen-port={agent}"]
    command += ["--num-cpus=2", '--resources={"raystudy_power": 1}']
    started = subprocess.Popen(
        command, env=environment | {"RAY_AUTH_MODE": "token"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_dashboard(f"http://127.0.0.1:{dashboard}", started)
        yield Head(url=f"http://127.0.0.1:{dashboard}", environment=environment)
    finally:
        end(started)
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def await_dashboard(url: str, started: subprocess.Popen[bytes]) -> None:
    """Wait until the dashboard, and what runs jobs behind it, answer."""
    until_s = time.monotonic() + STARTS_S
    while time.monotonic() < until_s and started.poll() is None:
        if authentication_mode(url) == "token":
            return
        time.sleep(0.2)
    pytest.fail("The head did not start.")


def end(started: subprocess.Popen[bytes]) -> None:
    """End a head and all that it started."""
    tree = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        started.wait(10)
    for each in tree:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    started.kill()
    started.wait()


@pytest.mark.skipif("RAYSTUDY_SLOW" not in os.environ, reason="It takes half a minute; RAYSTUDY_SLOW=1 waits for it.")
def test_a_study_is_run_and_asked_through_the_dashboard(head: Head, tmp_path: Path) -> None:
    """Submit exits with 0 and ends with the result table; SQL is answered from the archive on the head."""
    (tmp_path / "flow.toml").write_text(TEXT)
    out = tmp_path / "results"
    submitted = head.typed("submit", "flow.toml", "--address", head.url, "--out", str(out), folder=tmp_path)
    status = head.typed("status", head.url, folder=tmp_path)
    sql = "select count(*) as n from trials"
    results = head.typed("results", head.url, "--study", "flow", "--sql", sql, "--format", "csv", folder=tmp_path)

    assert 0 == submitted.returncode, submitted.stdout + submitted.stderr
    assert "4 of 4 trials" in status.stdout
    assert (0, "n\n4\n") == (results.returncode, results.stdout)
