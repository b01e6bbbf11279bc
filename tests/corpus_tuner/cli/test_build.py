"""``corpus-tuner build``: its report, and recipes."""

import json
from pathlib import Path

import pytest

from tests.conftest import make_documents, write_jsonl
from tests.corpus_tuner.cli.conftest import Run


def test_a_second_build_is_up_to_date(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    first = run("build", corpus, "--output", tmp_path / "index", *small)
    assert first.code == 0
    assert "built: 6 documents (en)" in first.out
    again = run("build", corpus, "--output", tmp_path / "index", *small)
    assert "up to date" in again.out


def test_bad_records_are_counted(tmp_path: Path, run: Run, small: list[str]) -> None:
    path = write_jsonl(tmp_path / "c.jsonl", [*make_documents(3), {"_id": "x"}])
    skip = ("--on-bad-record", "skip")
    outcome = run("build", path, "--output", tmp_path / "index", *skip, *small)
    assert outcome.code == 0
    assert "1 text: missing, first" in outcome.out
    assert "c.jsonl:4" in outcome.out


def test_a_recipe_file(tmp_path: Path, run: Run, encoder_folder: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"encoder: {{name: '{encoder_folder}'}}\nlanguage: en\ngenerator: null\n"
        "representation: {name: passage, windows: all}\n",
        encoding="utf-8",
    )
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(9))
    options = ("--config", recipe, "--set", "views.title=false", "--json")
    report = json.loads(run("build", corpus, "-o", tmp_path / "i", *options).out)
    assert set(report["views"]) == {"passage", "sentence"}
    manifest = json.loads(run("info", tmp_path / "i", "--json").out)
    assert manifest["representation"] == "passage"
    rows = manifest["segments"][0]["rows"]
    assert set(rows) == {"passage", "mean"}
    assert rows["passage"] == report["views"]["passage"]


def test_all_recipes_in_the_project_are_valid() -> None:
    from corpus_tuner import load_settings

    recipes = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        load_settings(recipe)


def test_the_default_recipe_spells_out_the_defaults() -> None:
    from corpus_tuner import load_settings

    assert load_settings("default") == load_settings()


def test_a_recipe_that_comes_with_the_package(
    tmp_path: Path, run: Run, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(3))
    assert run("build", corpus, "-o", "index", "--config", "passage", *small).code == 0
    manifest = json.loads(run("info", "index", "--json").out)
    assert manifest["representation"] == "passage"
    # A file of that name comes first.
    Path("passage").write_text("representation: mean\n", encoding="utf-8")
    assert run("build", corpus, "-o", "index", "--config", "passage", *small).code == 0
    assert json.loads(run("info", "index", "--json").out)["representation"] == "mean"


def test_a_recipe_that_is_not_there(run: Run) -> None:
    outcome = run("build", "c.jsonl", "-o", "index", "--config", "paper-flan-t6")
    assert outcome.code == 2
    assert "no recipe paper-flan-t6" in outcome.err
    assert "paper-flan-t5-base, paper-flan-t5-large" in outcome.err


def test_short_options_are_settings(built: Path, tmp_path: Path, run: Run) -> None:
    options = ("--output", tmp_path / "new", "--generator", "nosuch")
    outcome = run("build", built / "c.jsonl", *options)
    assert outcome.code == 2
    assert "nosuch" in outcome.err
    overruled = run("build", built / "c.jsonl", *options, "--set", "generator=neither")
    assert "neither" in overruled.err
    assert "nosuch" not in overruled.err
