"""A dashboard that is asked: tokens, refusals, silence."""

from pathlib import Path

import pytest

from raystudy.dashboard.client import Dashboard, is_dashboard, opened
from raystudy.errors import ClusterError
from tests.fakes.page import page
from tests.fakes.ray_dashboard import FakeDashboard


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without any token."""
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("where", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "HOME"])
def test_a_token_is_found_where_ray_keeps_it(
    fake: FakeDashboard, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment, in the file that it names, in the home."""
    fake.token = "secret"
    file = tmp_path / "home" / ".ray" / "auth_token"
    file.parent.mkdir(parents=True)
    if where == "RAY_AUTH_TOKEN":
        monkeypatch.setenv(where, "secret")
    elif where == "RAY_AUTH_TOKEN_PATH":
        monkeypatch.setenv(where, str(tmp_path / "token"))
        (tmp_path / "token").write_text("secret\n")
    else:
        file.write_text("secret\n")

    assert 1 == len(opened(fake.url, insecure=False).jobs())


@pytest.mark.parametrize(("token", "said"), [(None, "which is missing"), ("wrong", "which is not the one")])
def test_no_token_or_a_wrong_one_says_where_they_lie(
    fake: FakeDashboard, token: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the places and the command."""
    fake.token = "secret"
    if token:
        monkeypatch.setenv("RAY_AUTH_TOKEN", token)

    with pytest.raises(ClusterError, match=rf"{said}.*RAY_AUTH_TOKEN_PATH.*ray get-auth-token"):
        opened(fake.url, insecure=False).jobs()


def test_silence_is_told() -> None:
    """A port where nothing listens: the sentence shows what an address looks like."""
    with pytest.raises(ClusterError, match="No Ray dashboard answers at http"):
        Dashboard("http://127.0.0.1:1").jobs()


def test_another_server_is_told() -> None:
    """A page instead of JSON: some other program listens there."""
    with page(200, b"<html>") as port, pytest.raises(ClusterError, match="is no Ray dashboard"):
        Dashboard(f"http://127.0.0.1:{port}").jobs()


def test_what_is_no_address_is_told() -> None:
    """HOST:6379 is Ray's, but not the dashboard's."""
    with pytest.raises(ClusterError, match="no address of a Ray dashboard"):
        opened("head:6379", insecure=False)


@pytest.mark.parametrize("url", ["http://[bad:8265", "http://a b:80", f"http://{'a' * 70}.example", "http://x:y"])
def test_a_bad_address_is_a_sentence(url: str) -> None:
    """Whatever is wrong with it, the sentence shows what an address looks like."""
    with pytest.raises(ClusterError, match="Give http://HEAD:8265"):
        opened(url, insecure=False).jobs()


def test_an_address_is_taken_as_a_browser_shows_it(fake: FakeDashboard) -> None:
    """With the page that it is at, and the scheme in any letters."""
    url = f"{fake.url.replace('http', 'HTTP')}/#/jobs"

    assert is_dashboard(url)
    assert 1 == len(opened(url, insecure=False).jobs())


def test_a_package_is_sent_once(fake: FakeDashboard) -> None:
    """The head is asked for it first."""
    dashboard = Dashboard(fake.url)
    first, held = dashboard.keep(b"a"), dict(fake.packages)
    fake.packages[next(iter(held))] = b"as it was"

    assert first == dashboard.keep(b"a")
    assert [b"as it was"] == list(fake.packages.values())
