"""What a study may say: one file a kind of study, and the doubts that any of them has to face.

table of observations ──Trials──▶ levels, blocks, metrics ──kind──▶ Findings: answer, caveats, tables, figures
"""

from collections.abc import Mapping

from raystudy.analysis import composition, dynamics, efficiency
from raystudy.analysis.kind import Kind as Kind

KINDS: Mapping[str, Kind] = {
    "efficiency": Kind(check=efficiency.check, analyse=efficiency.analyse),
    "dynamics": Kind(check=dynamics.check, analyse=dynamics.analyse),
    "composition": Kind(check=composition.check, analyse=composition.analyse),
}
