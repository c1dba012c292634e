"""The models and the material of a study's recipes, each text or task opened once, however many recipes read it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from raystudy.study import Recipe, Study
from raystudy.training.forecast import Forecast, forecast
from raystudy.training.material import Material, material
from raystudy.training.models import Source, source_of
from raystudy.training.pretraining import source_in

_NOT_READ = {
    "model", "tokens", "epochs", "unique_tokens", "unique_fraction", "sampler", "learning_rate", "init_seed",
    "order_seed",
}  # fmt: skip
"""Recipe fields that change nothing of what is prepared, and that factors often are; others cost a second look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A recipe that can be trained."""

    recipe: Recipe
    source: Source
    material: Material

    def forecast(self, *, seed: int) -> Forecast:
        """Tell what it will take; raises ModelError or CorpusError where it cannot be trained as it is asked for."""
        return forecast(self.recipe, self.material, self.source, seed=seed)


class Preparing:
    """Makes recipes of one study ready; raises CorpusError, ModelError, HubError."""

    def __init__(self, study: Study, *, allow_hub: bool, tell: Callable[[str], None]) -> None:
        """Prepare nothing yet; `tell` is given a short sentence before what takes long."""
        self._study, self._allow_hub, self._tell = study, allow_hub, tell
        self._opened: dict[Hashable, Material] = {}

    def trial(self, recipe: Recipe) -> Ready:
        """Make the recipe of a trial ready; its model need not be pretrained yet."""
        return self._ready(recipe, source_in(self._study, recipe, allow_hub=self._allow_hub, tell=self._tell))

    def pretraining(self, recipe: Recipe) -> Ready:
        """Make the recipe of a pretraining ready."""
        return self._ready(recipe, source_of(recipe, allow_hub=self._allow_hub, tell=self._tell))

    def _ready(self, recipe: Recipe, source: Source) -> Ready:
        key = (source.tokenizer, source.tokenizer_file, *(each for each in recipe if each[0] not in _NOT_READ))
        if key not in self._opened:
            self._opened[key] = material(recipe, source, allow_hub=self._allow_hub, tell=self._tell)
        return Ready(recipe=recipe, source=source, material=self._opened[key])
