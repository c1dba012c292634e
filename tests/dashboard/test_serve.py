"""`raystudy serve` as a user types it, on a Ray of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.test_site import keep

pytestmark = pytest.mark.skipif(
    "RAYSTUDY_SLOW" not in os.environ, reason="Serve takes ten seconds to start; RAYSTUDY_SLOW=1 waits for it."
)


def command(*words: object) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-c", "from raystudy.cli import main; main()", "serve", *map(str, words)]


@pytest.fixture
def port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


@pytest.fixture
def served(tmp_path: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Return a process that serves a study, once it says so."""
    keep(tmp_path)
    process = subprocess.Popen(command(tmp_path, "--port", port), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
    assert "#/serve" in process.stdout.readline()
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_ended(served: "subprocess.Popen[str]", port: int, by: signal.Signals) -> None:
    """What is asked over HTTP comes back; Ctrl-C and SIGTERM end it in order."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/sql?q=select+count(*)+as+n+from+trials") as answer:
        said = json.load(answer)
    served.send_signal(by)
    told, _ = served.communicate(timeout=60)

    assert ([{"n": 4}], 0, "No longer served.\n") == (said, served.returncode, told)


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    """Whoever listens there stays; the user is told what to do."""
    keep(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            command(tmp_path, "--port", taken.getsockname()[1]), capture_output=True, text=True, check=False
        )

    assert 2 == ended.returncode
    assert "cannot listen at 127.0.0.1" in ended.stderr
    assert "Traceback" not in ended.stderr
