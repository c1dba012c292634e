"""What is asked: the study, its recipe, its conditions and trials, read from one file."""

from raystudy.study.load import load as load
from raystudy.study.load import parse as parse
from raystudy.study.recipe import CORPUS_FIELDS as CORPUS_FIELDS
from raystudy.study.recipe import LABELLED as LABELLED
from raystudy.study.recipe import SEED_FIELDS as SEED_FIELDS
from raystudy.study.recipe import Recipe as Recipe
from raystudy.study.recipe import Sampler as Sampler
from raystudy.study.study import Metering as Metering
from raystudy.study.study import Resources as Resources
from raystudy.study.study import Study as Study
from raystudy.study.trials import Condition as Condition
from raystudy.study.trials import Trial as Trial
