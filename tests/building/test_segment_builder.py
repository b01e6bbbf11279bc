"""The settings with which a segment is built; `test_pipeline` builds some."""

import pytest

from corpus_tuner import load_recipe
from corpus_tuner.building.segment_builder import list_representations


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
