"""Who may read: everybody on this machine, or whoever has the token; nobody may write.

request ──refusal──▶ null: let in | status and sentence
"""

import hashlib
import hmac
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raystudy.errors import ClusterError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST = 16
"""Characters of a token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """What a request has to show."""

    local: bool
    """Whether only this machine gets as far as here."""
    token_sha256: str | None
    """The token itself goes nowhere."""

    def refusal(self, method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Return the status and the sentence for a request that is not let in; names of headers in small letters."""
        if method not in ("GET", "HEAD"):
            return 405, "Studies are only read here: use GET."
        # A page from elsewhere may let its own name point to 127.0.0.1, and read as if it were of the same site.
        if self.local and _name(headers.get("host", "")) not in LOOPBACK:
            return 403, "This server answers to localhost alone. Use http://localhost, through a tunnel if need be."
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return 403, "Pages of other sites are not answered."
        if self.token_sha256 is not None and not self._shown(headers.get("authorization", "")):
            return 401, "A token is needed: send `Authorization: Bearer TOKEN`."
        return None

    def _shown(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        same = hmac.compare_digest(_sha256(token.strip()), self.token_sha256 or "")
        return scheme.lower() == "bearer" and same


def door_of(host: str, token_file: Path | None) -> Door:
    """Return who may read at an address; raises ClusterError where others could reach it without a token."""
    local = host in LOOPBACK
    if not local and token_file is None:
        raise ClusterError(
            f"Others could read the studies at {host}: give --token-file FILE with a secret that readers send, or "
            "leave --host out and let them come through an SSH tunnel."
        )
    return Door(local=local, token_sha256=_sha256(_token_in(token_file)) if token_file else None)


def _token_in(file: Path) -> str:
    try:
        token, mode = file.read_text(encoding="ascii").strip(), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"No token can be read from {file}: {error}. Write one line of letters into it.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ClusterError(f"Others on this machine may read the token in {file}. Do `chmod 600 {file}` first.")
    if len(token) < SHORTEST or not token.isprintable() or " " in token:
        raise ClusterError(
            f"{file} holds no token: one word of {SHORTEST} letters or more is expected, as `openssl rand -hex 32` "
            "writes it."
        )
    return token


def _name(host: str) -> str:
    """Return a Host header without its port, in small letters."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
