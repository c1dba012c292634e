"""Asks a Ray dashboard, before anything else does, who may use it: whoever may, may run any code on the cluster.

http://HEAD:8265 ──/api/authentication_mode──▶ token | disabled | silent | nothing ──▶ this process brings one | refuses
"""

import http.client
import ipaddress
import json
import os
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from raystudy.errors import ClusterError

ANSWER_S = 5.0
TOKEN = "token"  # noqa: S105 - the name of a mode, not a secret
DISABLED = "disabled"
SILENT = "silent"
"""Of a dashboard that does not answer in time."""
WHERE_TOKENS_LIE = (
    "A token is looked for in RAY_AUTH_TOKEN, in the file RAY_AUTH_TOKEN_PATH, and in ~/.ray/auth_token; "
    "`ray get-auth-token` on the head shows it."
)


def use_token_for(address: str) -> None:
    """
    Let Ray send its token to the cluster at `auto` or HOST:PORT; call it before ray is imported.

    To this machine wherever there is a token, which a Ray that wants none ignores; to others where their dashboard,
    if it is where Ray puts it, asks for one.
    """
    if "RAY_AUTH_MODE" in os.environ:
        return
    named = os.environ.get("RAY_ADDRESS", "127.0.0.1") if address == "auto" else address
    dashboard = f"http://{named.rpartition(':')[0] or named}:8265"
    if (_is_loopback(dashboard) and token()) or authentication_mode(dashboard) == TOKEN:
        os.environ["RAY_AUTH_MODE"] = TOKEN


def token() -> str | None:
    """Return the token that Ray would send; null where there is none."""
    if told := os.environ.get("RAY_AUTH_TOKEN"):
        return told.strip()
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def no_answer(address: str | None, error: Exception) -> ClusterError:
    """Return the sentence for a Ray that could not be started, or joined at an address."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
    if said.startswith("Version mismatch"):
        theirs, ours = re.findall(r"Ray: (\S+)\s+Python: (\S+)", str(error))[:2]
        return ClusterError(
            f"Ray at {address} cannot be joined: it is Ray {theirs[0]} on Python {theirs[1]}, here is Ray {ours[0]} on "
            f"Python {ours[1]}. Use the same on all nodes."
        )
    return ClusterError(
        f"No Ray cluster answers at {address or 'this machine'}: {said}. Start one with `ray start --head`, or leave "
        "--address out to use this machine; where a cluster wants a token, set RAY_AUTH_MODE=token."
    )


def refuse_open(url: str, *, insecure: bool) -> None:
    """Raise ClusterError where others reach the dashboard at `url` and it asks for no token, unless `insecure`."""
    if not (insecure or _is_loopback(url)):
        refuse_mode(url, authentication_mode(url), insecure=insecure)


def refuse_mode(url: str, mode: str | None, *, insecure: bool) -> None:
    """Raise ClusterError as `refuse_open` does, where the dashboard was asked already."""
    if insecure or mode not in (DISABLED, SILENT) or _is_loopback(url):
        return
    if mode == SILENT:
        raise ClusterError(
            f"The Ray dashboard at {url} does not say within {ANSWER_S:g} s whether it asks for a token. Try again, or "
            "look whether something on the way holds it back; --insecure goes on all the same."
        )
    raise ClusterError(
        f"The Ray dashboard at {url} asks for no token, so whoever reaches it can run any code there. Start Ray with "
        "RAY_AUTH_MODE=token (and `ray get-auth-token --generate`), or bind it to 127.0.0.1 and use an SSH tunnel; "
        "--insecure goes on all the same."
    )


def authentication_mode(url: str) -> str | None:
    """
    Return `token`, `disabled`, or `silent` where no answer comes in time.

    Null where no dashboard answers, or something before it asks who we are.
    """
    try:
        with urllib.request.urlopen(f"{url}/api/authentication_mode", timeout=ANSWER_S) as answer:  # noqa: S310 - http or https
            mode = json.load(answer)["authentication_mode"]
    except urllib.error.HTTPError as error:
        if error.code >= 500:  # of a proxy whose dashboard is slow, for one
            return SILENT
        return DISABLED if error.code == 404 else None  # a Ray that knows no tokens yet
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        return SILENT if isinstance(getattr(error, "reason", error), TimeoutError) else None
    return str(mode)


def _is_loopback(url: str) -> bool:
    """Whether all addresses of the host are this machine's own."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, ValueError):
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
