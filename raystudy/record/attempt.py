"""An attempt at a trial that came to nothing: what it took is told apart from what the trial took.

began, or last state kept ──▶ died, or raised: an Attempt ──▶ tried again ──▶ Observation.attempts
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What came to nothing."""

    at_utc: Annotated[str, "wall clock when it ended, ISO 8601"]
    reason: Annotated[str, "one sentence"]
    node: Annotated[str | None, "first 12 digits of Ray's id of the node; null where it is not known"] = None
    lost_s: Annotated[float | None, "from its beginning, or its last kept state, to its end"] = None
    lost_j: Annotated[float | None, "measured in that time, all devices of the trial; null where not measured"] = None
    lost_estimated_j: Annotated[float | None, "nameplate estimate of the same"] = None
