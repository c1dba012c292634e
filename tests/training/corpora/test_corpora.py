import pytest

from raystudy.errors import CorpusError, HubError
from raystudy.study import Recipe
from raystudy.training.corpora import CORPORA, documents, source, synthetic


def test_an_unknown_name_gets_the_nearest_one() -> None:
    """A name that is no corpus and no hub id is refused with what was found, the nearest name, and all names."""
    with pytest.raises(CorpusError) as refused:
        source("stdlb")

    assert str(refused.value) == (
        "No corpus is called 'stdlb'. Did you mean stdlib? "
        "recipe.corpus takes: stdlib, stdlib-areas-text, stories, files, tinystories, stdlib-areas, mmlu, labelled, "
        "or a hub id (owner/name)."
    )


def test_only_the_generated_corpus_is_synthetic() -> None:
    """Reports label text that a program made; of the named corpora that is `stories`."""
    labelled = {name for name in CORPORA if synthetic(name)}

    assert labelled == {"stories"}


@pytest.mark.parametrize("name", ["tinystories", "someone/something"])
def test_hub_corpora_are_refused_while_the_hub_is_off(name: str) -> None:
    """`tinystories` and any name with a slash lie on the hub, which is off unless the study allows it."""
    with pytest.raises(HubError, match="allow_hub = true"):
        documents(Recipe(corpus=name), allow_hub=False)


def test_documents_are_capped() -> None:
    """`corpus_documents` takes the first documents of any corpus."""
    taken = list(documents(Recipe(corpus="stories", corpus_documents=3), allow_hub=False))

    assert len(taken) == 3
