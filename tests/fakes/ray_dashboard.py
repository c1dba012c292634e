"""A dashboard that speaks as Ray's does, on loopback: a job is a line of shell, run here with what was sent."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


@dataclass
class FakeDashboard:
    """What it was told, and what it says."""

    folder: Path
    """Where packages are unpacked."""
    token: str | None = None
    """The one that it asks for."""
    python: str = sys.executable
    """What Ray runs on the head."""
    runs: bool = True
    """Whether a job is run; else it stays as it was submitted."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    packages: dict[str, bytes] = field(default_factory=dict)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, content: bytes, token: str | None) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        if path == "/api/authentication_mode":
            return 200, {"authentication_mode": "token" if self.token else "disabled"}
        if self.token and token != f"Bearer {self.token}":
            return (403 if token else 401), "Unauthorized"
        if path == "/nodes?view=summary":
            words = ["raylet", f"--python_worker_command={self.python} /ray/worker.py"]
            return 200, {"data": {"summary": [{"raylet": {"isHeadNode": True}, "cmdline": words}]}}
        if path == "/api/jobs/":
            return self._submit(json.loads(content)) if method == "POST" else (200, list(self.jobs.values()))
        name = path.rpartition("/")[2]
        return self._package(method, name, content) if "/packages/" in path else self._job(method, path)

    def _job(self, method: str, path: str) -> tuple[int, Any]:
        job_id = path.split("/")[3]
        if job_id not in self.jobs:
            return 404, f"Job {job_id} does not exist"
        if method == "DELETE":
            self.deleted.append(job_id)
            return 200, {"deleted": bool(self.jobs.pop(job_id))}
        return 200, {"logs": self.logs[job_id]} if path.endswith("/logs") else self.jobs[job_id]

    def _package(self, method: str, name: str, content: bytes) -> tuple[int, Any]:
        if method == "PUT":
            self.packages[name] = content
        return (200, {}) if name in self.packages else (404, f"Package {name} does not exist")

    def _submit(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """Run the job to its end at once."""
        self.submitted.append(asked)
        job_id = f"job-{len(self.submitted)}"
        if not self.runs:
            return 200, {"submission_id": job_id}
        env = asked["runtime_env"]
        unpacked = [self._unpacked(uri) for uri in env["py_modules"]]
        ended = subprocess.run(
            asked["entrypoint"],
            shell=True,
            check=False,
            cwd=self._unpacked(env["working_dir"]) if "working_dir" in env else self.folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, unpacked))},
            capture_output=True,
            text=True,
        )
        self.logs[job_id] = ended.stdout + ended.stderr
        self.jobs[job_id] = {
            "submission_id": job_id,
            "status": "FAILED" if ended.returncode else "SUCCEEDED",
            "start_time": 1000 * len(self.submitted),
            "driver_exit_code": ended.returncode,
            "metadata": asked["metadata"],
            "runtime_env": env,
        }
        return 200, {"submission_id": job_id}

    def _unpacked(self, uri: str) -> Path:
        name = uri.removeprefix("gcs://")
        with zipfile.ZipFile(io.BytesIO(self.packages[name])) as package:
            package.extractall(self.folder / name)
        return self.folder / name


@contextmanager
def serving(dashboard: FakeDashboard) -> Iterator[FakeDashboard]:
    """Let a dashboard answer at its `url`."""

    class Answer(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = dashboard.answer(self.command, self.path, content, self.headers.get("Authorization"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(told.encode() if isinstance(told, str) else json.dumps(told).encode())

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        dashboard.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield dashboard
        finally:
            server.shutdown()
            thread.join()
