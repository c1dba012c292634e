"""Everything that can go wrong and is the user's to mend; each message says what was found, expected, and what to do.

    RaystudyError
    ├── StudyFileError      the study file: a key, a value, a factor
    ├── CorpusError         text that cannot be found, read or split
    ├── ModelError          a model or tokenizer that cannot be had, or do not fit each other
    ├── HubError            the hub is off, unreachable, or lacks what was asked
    ├── DivergedError       a training whose loss is no number any more
    ├── ArchiveError        the folder of results: unwritable, corrupt, or of another study
    ├── MeterError          an instrument that cannot be read
    │   └── NoMeterError        there is no such instrument on this machine
    ├── ClusterError        a cluster that cannot be joined, or not run a trial
    ├── AnalysisError       a study or a table that cannot be analysed
    └── QueryError          SQL that is not answered

The command line turns each into one sentence and exit code 2.
"""


class RaystudyError(Exception):
    """The root: catching it catches every mistake a user can mend."""


class StudyFileError(RaystudyError):
    """The study file holds something that is not allowed."""


class CorpusError(RaystudyError):
    """A corpus cannot be found, read or split."""


class ModelError(RaystudyError):
    """A model or its tokenizer cannot be had, or do not fit each other."""


class HubError(RaystudyError):
    """The hub is off, unreachable, or lacks what was asked for."""


class DivergedError(RaystudyError):
    """A training's loss is no number any more."""


class ArchiveError(RaystudyError):
    """The folder of results cannot be written, or holds what it should not."""


class MeterError(RaystudyError):
    """An instrument cannot be read: `reason`, what was found; `fix`, what to do about it."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason, fix)
        self.reason, self.fix = reason, fix

    def __str__(self) -> str:
        return f"{self.reason} {self.fix}".strip()


class NoMeterError(MeterError):
    """There is no such instrument on this machine."""


class ClusterError(RaystudyError):
    """No node of the cluster offers what a trial needs."""


class AnalysisError(RaystudyError):
    """A study, or its table, cannot be analysed."""


class QueryError(RaystudyError):
    """A query is none, names what is not there, or takes too much."""
