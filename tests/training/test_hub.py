import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from raystudy.errors import CorpusError, HubError
from raystudy.training.hub import asking_hub, hub_environment, require_hub, silence


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@contextmanager
def listening() -> Iterator[str]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class _NotFound(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering() -> Iterator[str]:
    """A server that answers, if only to say that there is nothing."""
    with HTTPServer(("127.0.0.1", 0), _NotFound) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        thread.join()


def refusing() -> str:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_the_hub_is_off_unless_allowed() -> None:
    """The error names what was asked, the key that allows it, and the local way."""
    with pytest.raises(HubError) as refused:
        require_hub("the model a/b", allow_hub=False, instead="a local folder as model")

    assert str(refused.value) == (
        "The model a/b lies on the Hugging Face hub, and the hub is off. "
        "Set allow_hub = true in the study file, or give a local folder as model."
    )


def test_a_hub_that_answers_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any HTTP answer will do; whether the file exists is for the download to say."""
    with answering() as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        require_hub("the model a/b", allow_hub=True, instead="a local folder")


def test_a_refused_port_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, the error names the endpoint and the reason."""
    endpoint = refusing()
    monkeypatch.setenv("HF_ENDPOINT", endpoint)

    with pytest.raises(HubError, match=f"{endpoint} cannot be reached .*refused"):
        require_hub("the model a/b", allow_hub=True, instead="a local folder")


def test_a_silent_server_cannot_hold_us() -> None:
    """A server that accepts and never answers is given up after the limit."""
    with listening() as endpoint:
        reason = silence(endpoint, limit_s=0.1)

    assert reason in {"timed out", "no answer within 0.1 s"}


def test_an_endpoint_that_is_no_address_is_refused() -> None:
    """Only http and https are asked."""
    assert silence("file:///etc/passwd", limit_s=1) == "that is no http address"


@pytest.mark.parametrize("error", [ConnectionError("no\nroute"), FileNotFoundError("no"), ValueError("no")])
def test_failures_of_the_hub_become_one_line(error: Exception) -> None:
    """Whatever datasets and transformers raise comes back as one HubError line."""
    with (
        pytest.raises(HubError, match=r"^The corpus a/b could not be had from the Hugging Face hub: no$"),
        asking_hub("the corpus a/b"),
    ):
        raise error


def test_our_own_errors_pass() -> None:
    """A mistake that has its sentence already keeps it."""
    with pytest.raises(CorpusError, match=r"^no column$"), asking_hub("the corpus a/b"):
        raise CorpusError("no column")


def test_offline_is_set_unless_allowed() -> None:
    """Every library that could ask is told not to; telemetry is off either way."""
    off, on = hub_environment(allow_hub=False), hub_environment(allow_hub=True)

    assert (set(off) - set(on), set(on)) == (
        {"HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"},
        {"HF_HUB_DISABLE_TELEMETRY"},
    )
