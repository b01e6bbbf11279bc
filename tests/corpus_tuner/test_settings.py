"""Recipes: those that come with the project, and the defaults."""

from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError
from corpus_tuner.settings import load_settings

RECIPES = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.stem)
def test_each_recipe_loads(recipe: Path) -> None:
    load_settings(recipe)


def test_the_default_recipe_spells_out_the_defaults() -> None:
    (default,) = (recipe for recipe in RECIPES if recipe.stem == "default")
    assert load_settings(default) == load_settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("search: &a {pool: *a}", r"r\.yaml is not YAML: an anchor .* holds itself .*write out"),
        ("checks: &a [*a]", r"r\.yaml is not YAML: an anchor .* holds itself .*write out"),
        ("[" * 5_000, r"r\.yaml is not YAML: it is nested too deep"),
        ("language: " + "9" * 5_000, r"r\.yaml is not YAML: Exceeds the limit"),
    ],
)
def test_yaml_that_cannot_be_values(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=message):
        load_settings(tmp_path / "r.yaml")
    with pytest.raises(CorpusTunerError, match="the value is not YAML"):
        load_settings(None, [f"tuning={text.partition(': ')[2] or text}"])
