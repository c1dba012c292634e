"""All that the trials of a sweep read, made ready before the first: mistakes show at once, and no trial pays for it."""

from collections.abc import Callable, Iterator

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.study import Study, Trial
from raystudy.training.adapters import require_peft
from raystudy.training.preparing import Preparing, Ready


def make_ready(
    study: Study, archive: Archive, trials: tuple[Trial, ...], tell: Callable[[str], None]
) -> tuple[str, ...]:
    """
    Prepare what these trials of a study, and the pretrainings of their models, read; returns the fingerprint of each.

    Raises CorpusError, ModelError or HubError where something cannot be trained as it is asked for; ArchiveError where
    a text is no longer what earlier trials have read.
    """
    seen, found = archive.fingerprints(), list[str]()
    for ready in _all_ready(study, trials, tell):
        require_peft(ready.recipe)
        ready.forecast(seed=study.seed)  # raises what the training would raise: a budget that no example fits
        fingerprint = ready.material.fingerprint
        found.append(fingerprint)
        if seen.get(ready.recipe.corpus_identity, fingerprint) != fingerprint:
            raise ArchiveError(
                f"The text of the corpus {ready.recipe.corpus} has changed since the trials in {archive.place} were "
                "run. Give another folder with --out, or bring the text back (for stdlib: the same Python)."
            )
    return tuple(found)


def fingerprints(study: Study, trials: tuple[Trial, ...], tell: Callable[[str], None]) -> tuple[str, ...]:
    """Prepare the same and return the fingerprints, in the same order: on another node they shall be equal."""
    return tuple(ready.material.fingerprint for ready in _all_ready(study, trials, tell))


def _all_ready(study: Study, trials: tuple[Trial, ...], tell: Callable[[str], None]) -> Iterator[Ready]:
    """Yield the distinct recipes of the trials, then those of the pretrainings of their models (or among them)."""
    preparing = Preparing(study, allow_hub=study.allow_hub, tell=tell)
    pretrainings = tuple(study.pretrainings())
    for recipe in dict.fromkeys(trial.recipe for trial in trials if trial not in pretrainings):
        yield preparing.trial(recipe)
    models = {trial.recipe.model for trial in trials}
    for pretraining in pretrainings:
        if pretraining.recipe.model in models:
            yield preparing.pretraining(pretraining.recipe)
