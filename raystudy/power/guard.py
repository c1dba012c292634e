"""Asks a Ray dashboard, before anything else does, who may use it: whoever may, may run any code on the cluster.

http://HEAD:8265 ──/api/authentication_mode──▶ "token" | "disabled" | nothing ──▶ this process brings a token | refuses
"""

import ipaddress
import json
import os
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from raystudy.errors import ClusterError

ANSWER_S = 5.0
TOKEN = "token"  # noqa: S105 - the name of a mode, not a secret
WHERE_TOKENS_LIE = (
    "A token is looked for in RAY_AUTH_TOKEN, in the file RAY_AUTH_TOKEN_PATH, and in ~/.ray/auth_token; "
    "`ray get-auth-token` on the head shows it."
)


def use_token_if_asked(url: str) -> None:
    """Let Ray send its token, where the dashboard at `url` asks for one; call it before ray is imported."""
    if authentication_mode(url) == TOKEN:
        os.environ["RAY_AUTH_MODE"] = TOKEN


def refuse_open(url: str, *, insecure: bool) -> None:
    """Raise ClusterError where others reach the dashboard at `url` and it asks for no token, unless `insecure`."""
    if insecure or _is_loopback(url) or authentication_mode(url) != "disabled":
        return
    raise ClusterError(
        f"The Ray dashboard at {url} asks for no token, so whoever reaches it can run any code there. Start Ray with "
        "RAY_AUTH_MODE=token (and `ray get-auth-token --generate`), or bind it to 127.0.0.1 and use an SSH tunnel; "
        "--insecure goes on all the same."
    )


def authentication_mode(url: str) -> str | None:
    """Return `token`, `disabled`, or null where no dashboard answers, or something before it asks who we are."""
    try:
        with urllib.request.urlopen(f"{_with_scheme(url)}/api/authentication_mode", timeout=ANSWER_S) as answer:  # noqa: S310 - http or https
            mode = json.load(answer)["authentication_mode"]
    except urllib.error.HTTPError as error:
        return "disabled" if error.code == 404 else None  # a Ray that knows no tokens yet
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(mode)


def _is_loopback(url: str) -> bool:
    """Whether all addresses of the host are this machine's own."""
    try:
        found = socket.getaddrinfo(urlsplit(_with_scheme(url)).hostname, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _with_scheme(url: str) -> str:
    return (url if "://" in url else f"http://{url}").rstrip("/")
