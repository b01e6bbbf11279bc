"""Recipes: those that come with the project, and the defaults."""

from pathlib import Path

import pytest

from corpus_tuner.cli.options import read_recipe
from corpus_tuner.config.recipe import TUNING_FILES, hash_recipe_files, load_recipe

CONFIGS = Path(__file__).parents[2] / "configs"
RECIPES = sorted(file for file in CONFIGS.glob("*.yaml") if file.stem not in TUNING_FILES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.stem)
def test_each_recipe_loads(recipe: Path) -> None:
    load_recipe(recipe)


def test_the_default_recipe_spells_out_the_defaults() -> None:
    (default,) = (recipe for recipe in RECIPES if recipe.stem == "default")
    assert load_recipe(default) == load_recipe()


@pytest.mark.parametrize("name", ["/data/my #1 model", "null", "a: b", "3", "[x", "yes"])
def test_an_option_for_text_is_no_yaml(name: str) -> None:
    settings = read_recipe(None, None, {"encoder.name": name, "corpus.include": ["*: #1", "null"]})
    assert settings.encoder.name == name
    assert settings.corpus.include == ("*: #1", "null")


RECIPE = """
encoder: {name: models/encoder}
generator: {name: seq2seq, model: models/large}
instructions: prompts.yaml
"""


def recipe_with_models(folder: Path) -> Path:
    """A recipe that names models and prompts beside it."""
    for model in ("models/encoder", "models/large"):
        (folder / model).mkdir(parents=True)
        (folder / model / "config.json").write_text(model, encoding="utf-8")
    (folder / "prompts.yaml").write_text("question: 'Ask: {text}'", encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder / "recipe.yaml"


def test_paths_in_a_recipe_begin_at_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = recipe_with_models(tmp_path / "recipes")
    monkeypatch.chdir(tmp_path)
    settings = load_recipe(file, ["generator.model=of/hub"])
    assert settings.encoder.name == str(file.parent / "models" / "encoder")
    assert settings.instructions == file.parent / "prompts.yaml"
    assert settings.model_dump()["generator"]["model"] == "of/hub"
    large = load_recipe(file).model_dump()["generator"]["model"]
    assert large == str(file.parent / "models" / "large")
    (tmp_path / "of" / "hub").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    settings = load_recipe(file, ["generator.model=of/hub"], {"encoder.name": "mine"})
    assert settings.encoder.name == str(tmp_path / "mine")
    assert settings.model_dump()["generator"]["model"] == str(tmp_path / "of" / "hub")
    assert load_recipe("passage").encoder.name == "auto"


@pytest.mark.parametrize(
    "changed",
    ["models/encoder/config.json", "models/large/config.json", "prompts.yaml"],
)
def test_a_file_that_a_recipe_names_changes_its_hash(tmp_path: Path, changed: str) -> None:
    file = recipe_with_models(tmp_path / "recipes")
    before = hash_recipe_files(load_recipe(file), "fingerprint")
    assert hash_recipe_files(load_recipe(file), "fingerprint") == before
    (file.parent / changed).write_text("question: 'Another: {text}'", encoding="utf-8")
    assert hash_recipe_files(load_recipe(file), "fingerprint") != before
