"""Recipes: those that come with the project, and the defaults."""

from pathlib import Path

import pytest

from corpus_tuner.settings import load_settings

RECIPES = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.stem)
def test_each_recipe_loads(recipe: Path) -> None:
    load_settings(recipe)


def test_the_default_recipe_spells_out_the_defaults() -> None:
    (default,) = (recipe for recipe in RECIPES if recipe.stem == "default")
    assert load_settings(default) == load_settings()
