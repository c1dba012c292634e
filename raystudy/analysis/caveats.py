"""What an expert would object to: each doubt is a function that yields a sentence or two with numbers, and what helps.

To add a doubt, write the function beside its like and name it here, in the order in which a reader should meet it.
A study of dynamics asks them too, but for those that dynamics_caveats.py names in NOT_ASKED.
"""

from collections.abc import Callable, Iterator

from raystudy.analysis import board_caveats, design_caveats, energy_caveats, meter_caveats, text_caveats, whole
from raystudy.analysis.trials import Trials

Caveat = Callable[[Trials], Iterator[str]]

CAVEATS: tuple[Caveat, ...] = (
    energy_caveats.rehearsed,
    energy_caveats.nameplate,
    energy_caveats.not_measured,
    energy_caveats.mixed_methods,
    meter_caveats.failed_expectations,
    meter_caveats.missing_readings,
    board_caveats.several_boards,
    meter_caveats.shared_devices,
    text_caveats.synthetic_corpus,
    design_caveats.incomplete_blocks,
    design_caveats.few_repetitions,
    design_caveats.mixed_machines,
    design_caveats.mixed_software,
    design_caveats.same_order,
    design_caveats.mixed_seeds,
    design_caveats.shared_node,
    design_caveats.left_out,
    whole.much_lost,
    energy_caveats.unsteady,
    energy_caveats.uncertain,
    meter_caveats.within_uncertainty,
    energy_caveats.no_idle_baseline,
    meter_caveats.negative_net,
    meter_caveats.idle_drift,
    energy_caveats.partial_scope,
    text_caveats.few_heldout_tokens,
    text_caveats.overlapping_losses,
    text_caveats.repeated_data,
    text_caveats.mixed_tokenizers,
    text_caveats.different_corpora,
    text_caveats.padding,
    text_caveats.nominal_tokens,
    text_caveats.one_sentence,
    energy_caveats.mostly_denominator,
    energy_caveats.constant_speed,
)


def caveats(trials: Trials) -> tuple[str, ...]:
    """Return every doubt that these trials raise."""
    return tuple(sentence for doubt in CAVEATS for sentence in doubt(trials))
