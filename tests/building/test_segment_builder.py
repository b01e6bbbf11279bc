"""The settings with which a segment is built; `test_pipeline` builds some."""

import pytest

from corpus_tuner import load_recipe
from corpus_tuner.building.segment_builder import list_representations, set_lexical_languages
from corpus_tuner.core.languages import Languages


@pytest.mark.parametrize(
    ("assignments", "names"),
    [
        (["representation=views", "baselines=[passage, mean]"], ["passage", "mean", "views"]),
        (["representation=mean", "baselines=[passage, mean]"], ["passage", "mean"]),
        (["representation=views", "baselines=[]"], ["views"]),
    ],
)
def test_the_representation_of_the_recipe_is_last_and_once(
    assignments: list[str], names: list[str]
) -> None:
    found = list_representations(load_recipe(None, assignments))
    assert [one.name for one in found] == names


def test_lexical_languages_are_those_of_the_corpus_by_default() -> None:
    corpus = Languages(("de", "en"))
    by_default = set_lexical_languages(load_recipe(), corpus)
    assert by_default and by_default.languages == ("de", "en")
    given = set_lexical_languages(load_recipe(None, ["lexical.languages=[fr]"]), corpus)
    assert given and given.languages == ("fr",)
    assert set_lexical_languages(load_recipe(None, ["lexical=null"]), corpus) is None
