"""Why a statistic has no value: said in words wherever a number is missing."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a statistic has no value; the text goes into tables as it stands."""

    NO_SUBJECT = "no subject has a value at every level"
    FEW_SUBJECTS = "fewer than two complete subjects"
    ONE_LEVEL = "one level only"
    CONSTANT = "constant: no subject differs between levels"
    ZERO_ERROR = "zero error: every subject shows the same effect, so F and t are infinite"
    SINGULAR = "singular: fewer degrees of freedom than contrasts"
    ONE_CONTRAST = "two levels have one contrast, which is always spherical"
