"""What a driver tells of itself on the Jobs page of Ray's dashboard, and to `raystudy status` and `results` from afar.

study, archive, commit ──▶ metadata of the Ray job ──/api/jobs──▶ whoever asks
"""

import socket
import sys

from raystudy import __version__


def metadata_of(study_name: str, *, archive: str, commit: str | None) -> dict[str, str]:
    """
    Return the metadata of the Ray job that runs a study; `archive` is an absolute path or a URI.

    Ray shows `job_name` as the name of the job. What is not known is left out.
    """
    told = {
        "job_name": study_name,
        "study": study_name,
        "archive": archive,
        "commit": commit,
        "raystudy": __version__,
        "python": sys.executable,
        "host": socket.gethostname(),
    }
    return {key: value for key, value in told.items() if value is not None}
