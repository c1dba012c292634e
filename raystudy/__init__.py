"""raystudy runs training studies of language models and tells what they cost.

    study file ──study.load──▶ Study ──sweep──▶ trials ──record.Archive──▶ table ──analysis──▶ Findings ──report──▶ you

The tour: `study` says what is asked; `training` trains one recipe; `power` measures while it does; `sweep` runs all
trials through Ray Tune; `record` is the table where measuring and analysing meet; `stats` computes, `analysis`
concludes, `report` shows; `cli` is the command.
"""

__version__ = "0.1.0"
