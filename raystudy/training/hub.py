"""The guard before the Hugging Face hub: off unless the study allows it, asked for 3 s at most, one error line.

Left alone, datasets 5.2 and transformers 5.23 retry for 24 to 47 s without a network, and wait about 6 minutes a file
for a host that accepts and never answers.
"""

import http.client
import os
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from raystudy.errors import HubError

LIMIT_S = 3.0
"""How long the hub may take to answer at all, name resolution included."""


def hub_environment(allow_hub: bool) -> dict[str, str]:  # noqa: FBT001 - it is the name of a study key
    """
    Return the environment variables that must be set before datasets or transformers are imported.

    Those libraries read them once, at import; Ray's workers need them in their runtime_env.
    """
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1"}
    if allow_hub:
        return quiet
    return quiet | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def require_hub(what: str, *, allow_hub: bool, instead: str, limit_s: float = LIMIT_S) -> None:
    """
    Raise HubError unless the hub is allowed and answers in time.

    `what` is asked for, as "the corpus a/b"; `instead` is what to give that needs no hub, as "a local folder".
    """
    if not allow_hub:
        raise HubError(
            f"{_capital(what)} lies on the Hugging Face hub, and the hub is off. "
            f"Set allow_hub = true in the study file, or give {instead}."
        )
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    reason = silence(endpoint, limit_s=limit_s)
    if reason is not None:
        raise HubError(
            f"{_capital(what)} lies on the Hugging Face hub, and {endpoint} cannot be reached ({reason}). "
            f"Check the network (HF_ENDPOINT, HTTPS_PROXY), or give {instead}."
        )


@contextmanager
def asking_hub(what: str) -> Iterator[None]:
    """
    Turn whatever fails while the hub is asked into one HubError line.

    Most failures of datasets and transformers are OSErrors; a malformed id or a missing configuration is a ValueError;
    a few come from the hub's own packages and are neither.
    """
    try:
        yield
    except Exception as error:
        package = type(error).__module__.partition(".")[0]
        if not isinstance(error, OSError | ValueError) and package not in _HUB_PACKAGES:
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise HubError(f"{_capital(what)} could not be had from the Hugging Face hub: {said[0]}") from error


def _capital(what: str) -> str:
    return what[0].upper() + what[1:]


_HUB_PACKAGES = frozenset({"datasets", "huggingface_hub", "httpx", "httpx2", "requests"})


def silence(endpoint: str, *, limit_s: float) -> str | None:
    """
    Say why an endpoint gives no HTTP answer within the limit; null where it answers, whatever it answers.

    It asks in a thread, because neither name resolution nor a server that sends a byte now and then heeds a timeout.
    """
    said: list[str | None] = []
    thread = threading.Thread(target=lambda: said.append(_ask(endpoint, limit_s)), daemon=True)
    thread.start()
    thread.join(limit_s)
    return said[0] if said else f"no answer within {limit_s:g} s"


def _ask(endpoint: str, limit_s: float) -> str | None:
    """Ask for the head of a page, through the proxy of the environment where there is one."""
    if not endpoint.startswith(("http://", "https://")):
        return "that is no http address"
    request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310 - the scheme is checked above
    try:
        urllib.request.urlopen(request, timeout=limit_s).close()  # noqa: S310 - the scheme is checked above
    except urllib.error.HTTPError as answer:
        answer.close()
    except urllib.error.URLError as error:
        # Somebody answered; whether its certificate is to be trusted is for the download to judge, with its own roots.
        return None if isinstance(error.reason, ssl.SSLCertVerificationError) else str(error.reason)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return None
