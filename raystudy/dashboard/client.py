"""Ray's dashboard, spoken to over HTTP alone: its jobs, their logs, and what they need to run.

    http://HEAD:8265 ──opened──▶ Dashboard ──▶ Job, its log

Port 8265 is all that is needed, so an SSH tunnel will do; ray itself is not imported (a second or two).
"""

import hashlib
import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from raystudy.errors import ClusterError
from raystudy.power.guard import SILENT, TOKEN, WHERE_TOKENS_LIE, authentication_mode, refuse_mode, token

T = TypeVar("T")

ANSWER_S = 60.0
HEAD_TELLS_S = 10.0
"""A head that was only just started does not know its own processes yet."""
FINISHED, FAILED, STOPPED = "SUCCEEDED", "FAILED", "STOPPED"
OVER = (FINISHED, FAILED, STOPPED)
"""How a job of Ray may have ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A line of the Jobs page."""

    id: str
    status: str
    """PENDING, RUNNING, or one of OVER."""
    message: str
    began_s: float
    """Unix time; 0 before it began."""
    exit_code: int | None
    metadata: dict[str, str]
    pip: dict[str, Any] | None
    """What Ray installed for it."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in OVER


class Dashboard:
    """One dashboard, and the token it is shown."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Take http://HEAD:8265."""
        self.url = url.rstrip("/")
        self._token = token

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs that this cluster knows, submitted or joined."""
        return self._told("GET", "/api/jobs/", lambda told: tuple(_job(each) for each in told))

    def job(self, job_id: str) -> Job:
        """Return one job."""
        return self._told("GET", f"/api/jobs/{job_id}", _job)

    def log(self, job_id: str) -> str:
        """Return all that a job has printed so far."""
        return self._told("GET", f"/api/jobs/{job_id}/logs", lambda told: str(told["logs"]))

    def submit(self, entrypoint: str, *, metadata: dict[str, str], runtime_env: dict[str, Any]) -> str:
        """Let the head run a line of shell; returns the id of the job."""
        asked = {"entrypoint": entrypoint, "metadata": metadata, "runtime_env": runtime_env}
        return self._told(
            "POST", "/api/jobs/", lambda told: str(told["submission_id"]), content=json.dumps(asked).encode()
        )

    def delete(self, job_id: str) -> None:
        """Take a job that is over from the Jobs page."""
        self._ask("DELETE", f"/api/jobs/{job_id}")

    def keep(self, package: bytes) -> str:
        """Put a zip file where each node can fetch it, unless it is there; returns its URI."""
        name = f"_ray_pkg_{hashlib.sha256(package).hexdigest()[:16]}.zip"
        try:
            self._ask("GET", f"/api/packages/gcs/{name}")
        except _NotFoundError:
            self._ask("PUT", f"/api/packages/gcs/{name}", package)
        return f"gcs://{name}"

    def head_python(self) -> str:
        """Return the Python that Ray runs on the head; just `python` where the dashboard does not tell in time."""
        until_s = time.monotonic() + HEAD_TELLS_S
        while not (found := self._told("GET", "/nodes?view=summary", _pythons)) and time.monotonic() < until_s:
            time.sleep(0.5)
        return found[0] if found else "python"

    def _told(self, method: str, path: str, read: Callable[[Any], T], *, content: bytes | None = None) -> T:
        """Return what `read` finds in an answer in JSON; raises ClusterError where it is none, or another one."""
        try:
            return read(json.loads(self._ask(method, path, content)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ClusterError(f"What answers at {self.url} is no Ray dashboard. Give http://HEAD:8265.") from error

    def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Raise ClusterError with a sentence for whatever goes wrong."""
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        try:
            request = urllib.request.Request(self.url + path, data=content, headers=headers, method=method)  # noqa: S310 - http or https
            with urllib.request.build_opener(_Stays).open(request, timeout=ANSWER_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            why = getattr(error, "reason", None) or error
            if isinstance(why, ssl.SSLCertVerificationError):
                raise ClusterError(
                    f"The certificate of {self.url} is not trusted: {why.verify_message.rstrip('.')}. Give the "
                    "name that it is made out to; if an authority of your own signed it, SSL_CERT_FILE names its file."
                ) from error
            raise ClusterError(
                f"No Ray dashboard answers at {self.url}: {why}. Give http://HEAD:8265; through a tunnel "
                "(`ssh -L 8265:localhost:8265 HEAD`) it is http://localhost:8265."
            ) from error

    def _refused(self, error: urllib.error.HTTPError) -> ClusterError:
        code, said = error.code, _said(error)
        if code == 401 or (code == 403 and self._token):
            which = "is not the one" if self._token else "is missing"
            return ClusterError(f"The Ray dashboard at {self.url} asks for a token, which {which}. {WHERE_TOKENS_LIE}")
        if 300 <= code < 400:
            return ClusterError(
                f"{self.url} sends us on to {error.headers.get('Location')}, where no token is shown unasked. Give the "
                "address at which the dashboard itself answers."
            )
        if "No available agent" in said:
            return ClusterError(
                f"The Ray at {self.url} cannot start jobs: the agent on its head is not up. Wait some seconds; where "
                "it stays so, another Ray of that machine holds its port: `ray start --dashboard-agent-listen-port`."
            )
        kind = _NotFoundError if code == 404 else ClusterError
        return kind(f"The Ray dashboard at {self.url} answers {code}: {said.splitlines()[-1]}")


class _NotFoundError(ClusterError):
    """What was asked for is not there."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: urllib would take the token along, and ask where it was to send."""

    def redirect_request(self, *_: object) -> None:
        """Make an error of it."""


def is_dashboard(place: str) -> bool:
    """Whether a place is the address of a dashboard, not that of an archive."""
    return place.lower().startswith(("http://", "https://"))


def opened(url: str, *, insecure: bool) -> Dashboard:
    """
    Return the dashboard at `url`, as a browser shows it (http://HEAD:8265/#/jobs) too.

    Raises ClusterError where it is open to others, or asks for a token we lack.
    """
    if not is_dashboard(url):
        raise ClusterError(f"{url} is no address of a Ray dashboard. Give http://HEAD:8265.")
    url = url.partition("#")[0].rstrip("/")
    mode = authentication_mode(url)
    refuse_mode(url, mode, insecure=insecure)
    return Dashboard(url, token=token() if mode in (TOKEN, SILENT) else None)


def _job(told: dict[str, Any]) -> Job:
    return Job(
        id=told.get("submission_id") or told["job_id"],
        status=told["status"],
        message=told.get("message") or "",
        began_s=(told.get("start_time") or 0) / 1000,
        exit_code=told.get("driver_exit_code"),
        metadata=told.get("metadata") or {},
        pip=(told.get("runtime_env") or {}).get("pip"),
    )


def _pythons(told: Any) -> list[str]:
    """Return the Python of the head, once the dashboard has heard of it."""
    heads = [node for node in told.get("data", {}).get("summary", ()) if node.get("raylet", {}).get("isHeadNode")]
    words = [word for node in heads for part in node.get("cmdline") or () for word in part.split()]
    prefix = "--python_worker_command="
    return [word.removeprefix(prefix) for word in words if word.startswith(prefix)]


def _said(error: urllib.error.HTTPError) -> str:
    """Return what a refusal says; the name of its code where that is a page, or nothing."""
    try:
        said = error.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        said = ""
    return said if said and not said.startswith("<") else error.reason or "nothing"
