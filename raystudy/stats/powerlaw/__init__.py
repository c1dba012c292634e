"""Scaling laws fitted to tables: forms, constants with intervals, and when there are none to tell.

columns, y ──fit_law──▶ Law: constants, doubts, held-out error, rivals
"""

from raystudy.stats.powerlaw.checks import Flag, Note
from raystudy.stats.powerlaw.compare import Holdout, Rival, VolumeTest
from raystudy.stats.powerlaw.constants import Constant
from raystudy.stats.powerlaw.forms import FORMS, Form, form_named
from raystudy.stats.powerlaw.law import Law, Options, fit_law
from raystudy.stats.powerlaw.losses import Loss

__all__ = [
    "FORMS",
    "Constant",
    "Flag",
    "Form",
    "Holdout",
    "Law",
    "Loss",
    "Note",
    "Options",
    "Rival",
    "VolumeTest",
    "fit_law",
    "form_named",
]
