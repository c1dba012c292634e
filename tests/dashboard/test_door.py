"""Who gets in."""

from pathlib import Path

import pytest

from raystudy.dashboard.door import Door, door_of
from raystudy.errors import ClusterError

SECRET = "0123456789abcdef"
LOCAL = Door(local=True, token_sha256=None)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """Return a file with a token that nobody else may read."""
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    return file


def test_others_need_a_token() -> None:
    """Where others could come, it does not open without one."""
    with pytest.raises(ClusterError, match=r"0\.0\.0\.0: give --token-file"):
        door_of("0.0.0.0", None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_none(host: str) -> None:
    """On loopback there is no token unless one is given."""
    assert LOCAL == door_of(host, None)


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (f"Bearer {SECRET}", None),
        (f"bearer {SECRET}", None),
        (f"Basic {SECRET}", 401),
        (SECRET, 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        (f"Bearer {SECRET}0", 401),
        (f"Bearer {SECRET[:-1]}", 401),
        ("Bearer \xff", 401),
        ("", 401),
    ],
)
def test_the_token_is_shown_or_nothing_is(token_file: Path, shown: str, status: int | None) -> None:
    """Only `Bearer` and the whole token open; the host is not looked at then."""
    refusal = door_of("10.0.0.1", token_file).refusal("GET", {"authorization": shown, "host": "any.example"})

    assert status == (refusal and refusal[0])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", None),
        ("localhost", None),
        ("LOCALHOST:8000", None),
        ("localhost:18000", None),
        ("[::1]:8000", None),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example:8000", 403),
        ("", 403),
    ],
)
def test_a_name_that_points_here_is_not_this_machine(host: str, status: int | None) -> None:
    """DNS rebinding: a page whose own name leads to 127.0.0.1 is refused by its Host header."""
    refusal = LOCAL.refusal("GET", {"host": host})

    assert status == (refusal and refusal[0])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_written(method: str) -> None:
    """Anything but reading is refused."""
    assert (405, "Studies are only read here: use GET.") == LOCAL.refusal(method, {"host": "localhost"})


def test_other_sites_may_link_but_not_ask() -> None:
    """A browser says where a request comes from: a link is followed, a script's request is not answered."""
    asked = {"host": "localhost", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}

    assert [403, None] == [
        (refusal := LOCAL.refusal("GET", asked | {"sec-fetch-mode": mode})) and refusal[0]
        for mode in ("cors", "navigate")
    ]


def test_a_token_that_others_read_is_refused(token_file: Path) -> None:
    """A secret in a file that the whole machine can read is none."""
    token_file.chmod(0o644)

    with pytest.raises(ClusterError, match="chmod 600"):
        door_of("10.0.0.1", token_file)


@pytest.mark.parametrize("text", ["", "short", "two words of a certain length", "naïve-0123456789abcdef"])
def test_what_is_no_token_is_refused(token_file: Path, text: str) -> None:
    """An empty or short token would let everybody in."""
    token_file.write_text(text)

    with pytest.raises(ClusterError, match="token"):
        door_of("10.0.0.1", token_file)
