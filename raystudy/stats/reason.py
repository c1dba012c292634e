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
    DEPENDENT = "singular: some levels follow from others"
    INDEPENDENT = "subjects are independent of each other, so there is no sphericity to test"
    ONE_CONTRAST = "two levels have one contrast, which is always spherical"
    EMPTY_GROUP = "a combination of the between factors holds no subject"
    NOT_NUMERIC = "the levels are no numbers, so there is no line through them"
    NOT_POSITIVE = "not every level is above zero, so there are no logarithms of them"
    FEW_LEVELS = "fewer than three levels have no curvature"
    CLOSE_LEVELS = "two levels lie so close, beside the others, that rounding leaves no curvature"
    SEVERAL_GROUPS = "not defined between groups"
    NO_LOGARITHM = "not every value is above zero, so there are no logarithms of them"
    NO_SPREAD = "a level whose values do not vary"
    CONFOUNDED = "confounded: every level ran on boards of its own, so nothing tells levels from boards"
    SATURATED = "saturated: no degree of freedom is left for error"
    NO_EFFECT = "the effect is too small: ten million subjects would not show it"


def too_few(subjects: int) -> Reason:
    """Return why so few subjects cannot be tested."""
    return Reason.FEW_SUBJECTS if subjects else Reason.NO_SUBJECT
