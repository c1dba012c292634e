"""Who may use a dashboard, asked of a small one on loopback."""

import os
from pathlib import Path

import pytest

from raystudy.errors import ClusterError
from raystudy.power.guard import SILENT, authentication_mode, refuse_mode, refuse_open, use_token_for
from tests.fakes.page import page


@pytest.fixture(autouse=True)
def no_mode_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without a mode, and take back the one that is set."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_AUTH_MODE")


OPEN, CLOSED = b'{"authentication_mode": "disabled"}', b'{"authentication_mode": "token"}'


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (200, OPEN, "disabled"),
        (200, CLOSED, "token"),
        (404, b"", "disabled"),
        (401, b"", None),
        (200, b'["no mode"]', None),
        (200, b"<html>", None),
        (504, b"", "silent"),
    ],
)
def test_the_mode_is_what_the_dashboard_says(status: int, told: bytes, expected: str | None) -> None:
    """A Ray that knows no tokens is open; something that is no Ray, or asks who we are, says nothing."""
    with page(status, told) as port:
        mode = authentication_mode(f"http://127.0.0.1:{port}")

    assert expected == mode


def test_nobody_answers() -> None:
    """A port where nothing listens says nothing, and raises nothing."""
    with page(200, OPEN) as port:
        pass

    assert authentication_mode(f"http://127.0.0.1:{port}") is None


BAD = ("http://[bad:8265", "http://a b:80", f"http://{'a' * 70}.example", "http://x:y", "http://:1", "http://")


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_says_nothing(url: str) -> None:
    """Whoever joins it tells that in a sentence."""
    assert authentication_mode(url) is None
    refuse_open(url, insecure=False)


@pytest.mark.parametrize(("written", "expected"), [("abc", "token"), (None, None)])
def test_a_ray_of_this_machine_gets_the_token(
    written: str | None, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that wants none ignores it; Ray reads the mode from the environment."""
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    if written:
        (tmp_path / "token").write_text(written)
    use_token_for("127.0.0.1:1")

    assert expected == os.environ.get("RAY_AUTH_MODE")


def test_what_was_decided_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says that no token is sent is obeyed."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "abc")
    use_token_for("auto")

    assert "disabled" == os.environ["RAY_AUTH_MODE"]


@pytest.mark.parametrize(
    ("host", "insecure", "refused"), [("0.0.0.0", False, True), ("0.0.0.0", True, False), ("127.0.0.1", False, False)]
)
def test_a_dashboard_that_is_too_slow_is_not_trusted(host: str, *, insecure: bool, refused: bool) -> None:
    """It may be open; only on this machine, or with --insecure, that does not matter."""
    try:
        refuse_mode(f"http://{host}:8265", SILENT, insecure=insecure)
        was_refused = False
    except ClusterError as error:
        was_refused = "does not say within 5 s" in str(error)

    assert refused == was_refused


def test_an_open_dashboard_of_this_machine_is_taken() -> None:
    """Loopback, and a tunnel that ends there, are not reachable by others."""
    with page(200, OPEN) as port:
        refuse_open(f"http://localhost:{port}", insecure=False)


@pytest.mark.parametrize(
    ("told", "insecure", "refused"), [(OPEN, False, True), (OPEN, True, False), (CLOSED, False, False)]
)
def test_an_open_dashboard_that_others_reach_is_refused(told: bytes, *, insecure: bool, refused: bool) -> None:
    """0.0.0.0 stands for an address that is not loopback; --insecure or a token lets it pass."""
    with page(200, told) as port:
        try:
            refuse_open(f"http://0.0.0.0:{port}", insecure=insecure)
            was_refused = False
        except ClusterError as error:
            was_refused = "--insecure" in str(error)

    assert refused == was_refused
