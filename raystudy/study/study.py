"""A study is a question and the trials that answer it; it is read from one file, and the file is the record."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from raystudy.study.recipe import LABELLED, Count, Recipe, Seed, Strict
from raystudy.study.trials import Condition, Level, Order, Trial, block_order, conditions

NonNegative = Annotated[float, Field(ge=0)]
MeterName = Literal["nvml", "amd", "rapl", "perf", "hwmon", "apple", "battery", "nameplate"]
"""Instruments, in order of worth: what two of them cover is read by the first."""


class Resources(Strict):
    """What one trial gets, and whether it has its node to itself."""

    cpus: Count = 1
    """CPU cores of a trial: its torch threads, and the cores it is pinned to."""
    gpus: Annotated[int, Field(ge=0)] = 0
    """GPUs of a trial, all of one node; more than one split each batch (data parallel). No fractions: trials that share
    a board cannot tell their joules apart."""
    exclusive: bool = True
    """Keep a node for one trial at a time, so that the energy of the CPU package belongs to it."""
    checkpoint_after_s: Annotated[float, Field(ge=0, allow_inf_nan=True)] = 60.0
    """Keep the state of a trial at the first evaluation this long after its start, or after the last one kept, so that
    a killed trial continues there; 0 keeps it at every evaluation, `inf` never. Needs `eval_every_tokens`."""
    fresh_process: bool | None = None
    """Start each trial in a new process. Default: where a GPU is used (a clean CUDA context), not otherwise."""

    max_failures: Annotated[int, Field(ge=0)] = 1
    """How often a trial is tried again in one run, after its process died or it raised an error. What the study itself
    is wrong about (a loss that diverged, a corpus that cannot be read) is not tried again."""

    @property
    def starts_fresh(self) -> bool:
        """Whether trials start in a new process, the default resolved."""
        return self.gpus > 0 if self.fresh_process is None else self.fresh_process

    @property
    def own_processes(self) -> int:
        """How many processes on a board are the trial's own before it begins: the trial before it was the same one."""
        return 0 if self.starts_fresh else 1


class Metering(Strict):
    """How power is measured on each node."""

    meters: Annotated[tuple[MeterName, ...], Field(strict=False, min_length=1)] | None = None
    """Instruments to read; each must be readable.
    Default: all that are, else the nameplate."""
    rate_hz: Annotated[float, Field(gt=0, le=100)] = 10.0
    """Power readings per second; energy counters of GPUs are read once a second and at the edges of a span."""
    idle_s: NonNegative = 5.0
    """Length of the idle baseline measured on every node before the first trial and after the last; 0 measures none."""
    cooldown_s: NonNegative = 0.0
    """Wait this long before each trial, so that none starts on a board that the one before has heated."""
    cool_below_c: PositiveFloat | None = None
    """Wait before each trial until no device of the node that tells its temperature is warmer, in degrees Celsius; at
    most ten minutes."""
    powercap_root: str | None = None
    """Where RAPL is found. Default: RAYSTUDY_POWERCAP on the node, else /sys/class/powercap."""
    hwmon_root: str | None = None
    """Where sensors of the kernel are found. Default: RAYSTUDY_HWMON on the node, else /sys/class/hwmon."""
    power_supply_root: str | None = None
    """Where batteries are found. Default: RAYSTUDY_POWER_SUPPLY on the node, else /sys/class/power_supply."""
    nameplate_w_per_cpu: PositiveFloat = 10.0
    """Watts of one busy core, for the estimate where no instrument can be read: rated power / number of cores."""


class Analysis(Strict):
    """Named inputs of the analysis that no trial measures."""

    pe_k: PositiveFloat = 1.0
    """The scale K in P1's parameter efficiency."""
    pe_cs_tflops: PositiveFloat | None = None
    """P1's computing speed constant, TFLOPS (68.16 there). Default: the ceiling measured where it trains."""
    leave_out_failed: bool = False
    """Leave out trials whose power readings failed an expectation (throttled, gaps, counter and integral apart)."""


class Study(Strict):
    """A question and the trials that answer it."""

    kind: Literal["efficiency", "dynamics", "composition"]
    """What is asked, and so how the trials are analysed: `efficiency` = what do levels of a factor cost and buy?
    `dynamics` = how does the loss go over the tokens, seed by seed, and what does each interval cost? `composition` =
    does it matter how a token budget is cut into examples?"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Names the folder of the results: letters, digits, `.`, `_` and `-`."""
    question: Annotated[str, Field(min_length=1)]
    """The question, in one sentence; the report opens with it."""
    repetitions: Count
    """Blocks: each runs every condition once, from one seed."""
    order: Order = "shuffled"
    """Order of the conditions inside a block: `shuffled` by seed, `latin_square` (Williams), or `as_written`."""
    seed: Seed = 1
    """Seed of the first repetition; each further one adds 1."""
    allow_hub: bool = False
    """Allow models and corpora to be downloaded from the Hugging Face hub."""
    recipe: Recipe = Recipe()
    """What a trial trains; factors replace fields of it."""
    pretraining: Recipe | None = None
    """With `kind = "composition"`: how each built model is trained on plain text before any trial, once, from the seed
    of the study; all trials of that model start from its weights. Its joules are kept apart."""
    factors: dict[str, Annotated[tuple[Level, ...], Field(strict=False, min_length=1)]]
    """What is varied: the name of a recipe field, and its levels."""
    resources: Resources = Resources()
    """What a trial runs on."""
    metering: Metering = Metering()
    """How its power is measured."""
    analysis: Analysis = Analysis()
    """Constants of the analysis."""

    @model_validator(mode="after")
    def _factors_fit(self) -> Self:
        if not self.factors:
            raise ValueError("factors is empty; a study varies at least one field of its recipe")
        for factor, levels in self.factors.items():
            if len(set(map(str, levels))) < len(levels):
                raise ValueError(f"factors.{factor} names a level twice: {', '.join(map(str, levels))}")
        names = [str(condition) for condition in self.conditions]
        if twins := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two conditions would both be called {', '.join(sorted(twins))}; name their levels apart")
        return self

    @model_validator(mode="after")
    def _labels_are_compared(self) -> Self:
        """Keep labelled examples out of studies whose tables would call them text."""
        labelled = [name for name in LABELLED if name in (self.recipe.corpus, *self.factors.get("corpus", ()))]
        if labelled and self.kind != "composition":
            raise ValueError(
                f"{labelled[0]} holds examples with a right answer, which a study of kind "
                f'"{self.kind}" cannot compare; write kind = "composition", or name a corpus of plain text'
            )
        return self

    @model_validator(mode="after")
    def _pretraining_fits(self) -> Self:
        if self.pretraining is None:
            return self
        if self.kind != "composition":
            raise ValueError(f'[pretraining] goes with kind = "composition"; this study is of kind "{self.kind}"')
        if "model" in self.pretraining.model_fields_set:
            raise ValueError("[pretraining] names a model; it is done for each model of [recipe] and [factors]")
        if self.pretraining.finetuning == "lora":
            raise ValueError('[pretraining] trains all weights of a model; leave finetuning = "lora" to [recipe]')
        if False in (self.recipe.pretrained, *self.factors.get("pretrained", ())):
            raise ValueError(
                "pretrained = false takes random weights, and [pretraining] gives trained ones; leave one of them out"
            )
        if self.pretraining.labelled:
            raise ValueError(
                f'[pretraining] reads plain text, and corpus = "{self.pretraining.corpus}" are examples; '
                'the text of the training side of stdlib-areas is corpus = "stdlib-areas-text"'
            )
        return self

    @model_validator(mode="after")
    def _batches_can_be_split(self) -> Self:
        recipes = [each.batch_size for each in (self.recipe, self.pretraining) if each is not None]
        sizes = [*self.factors.get("batch_size", recipes[:1]), *recipes[1:]]
        if small := [each for each in sizes if isinstance(each, int) and each < self.resources.gpus]:
            raise ValueError(
                f"each GPU of a trial takes a share of each batch, and batch_size = {small[0]} holds fewer sequences "
                f"than resources.gpus = {self.resources.gpus}; lower gpus, or raise batch_size"
            )
        return self

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All combinations of levels, as written."""
        return conditions(self.factors)

    def pretrainings(self) -> Iterator[Trial]:
        """Yield one trial for each model that is to be pretrained; they run before all others, and are no results."""
        if self.pretraining is None:
            return
        for model in dict.fromkeys(condition.applied_to(self.recipe).model for condition in self.conditions):
            yield Trial(
                condition=Condition(levels=(("pretraining", model),)),
                recipe=self.pretraining.model_copy(update={"model": model}),
                repetition=0,
                seed=self.seed,
                position=0,
            )

    def trials(self) -> Iterator[Trial]:
        """Yield the trials in the order in which they shall run: block after block."""
        cells, position = self.conditions, 0
        for repetition in range(1, self.repetitions + 1):
            seed = self.seed + repetition - 1
            for index in block_order(len(cells), repetition=repetition, order=self.order, seed=seed):
                position += 1
                yield Trial(
                    condition=cells[index],
                    recipe=cells[index].applied_to(self.recipe),
                    repetition=repetition,
                    seed=seed,
                    position=position,
                )
