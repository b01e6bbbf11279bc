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
    assert f"1  text: missing: {path}:4" in outcome.out
    assert "c.jsonl:4" in outcome.out


def test_a_refused_build_leaves_nothing(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "text": 7}])
    build = ("build", corpus, "-o", tmp_path / "index", *small, "--set", "language=auto")
    assert run(*build).code == 2
    assert not (tmp_path / "index").exists()


def test_what_a_build_replaces_is_said(tmp_path: Path, run: Run, small: list[str]) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", make_documents(3))
    other = write_jsonl(tmp_path / "other.jsonl", make_documents(3, seed=1))
    build = ("build", one, "-o", tmp_path / "index", *small)
    assert "note" not in run(*build).err
    assert "by another recipe" in run(*build, "--set", "views.title=false").err
    replaced = run("build", other, "-o", tmp_path / "index", *small, "--set", "views.title=false")
    assert f"was of {one}, and is to be of {other}" in replaced.err
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_text("{}", encoding="utf-8")
    assert "all is built anew" in run("build", other, "-o", tmp_path / "index", *small).err


def test_several_languages_are_named(tmp_path: Path, run: Run, small: list[str]) -> None:
    german = "Der Müller mahlt am Fluss das Korn der Bauern aus dem ganzen Tal, Sack um Sack {}."
    english = "The miller grinds the wheat of the farmers by the river, sack {} after sack."
    texts = [german.format(number) for number in range(3)] + [english.format(0)]
    records = [{"_id": str(number), "text": text} for number, text in enumerate(texts)]
    corpus = write_jsonl(tmp_path / "c.jsonl", records)
    found = (*small, "--set", "language=auto")
    outcome = run("build", corpus, "-o", tmp_path / "index", *found)
    assert "several languages: 75% de, 25% en of the documents" in outcome.out
    more = write_jsonl(tmp_path / "more.jsonl", [{"_id": "x", "text": english.format(9)}])
    assert "75% de, 25% en" in run("add", tmp_path / "index", more).out
    one = write_jsonl(tmp_path / "one.jsonl", records[:3])
    assert "several languages" not in run("build", one, "-o", tmp_path / "one", *found).out


def test_patterns_and_what_is_left_out(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "notes"
    (folder / "drafts").mkdir(parents=True)
    for name in ("a.md", "b.txt", "drafts/c.md", "picture.png"):
        (folder / name).write_text("A mill by the river.", encoding="utf-8")
    include = ("--include", "*.md", "--include", "*.png", "--exclude", "drafts/")
    outcome = run("build", folder, "-o", tmp_path / "index", *include, *small)
    assert "1 documents" in outcome.out
    assert f"1  files that no reader knows, .png: {folder}/picture.png" in outcome.out
    assert f"1  folders that the patterns leave out: {folder}/drafts" in outcome.out
    added = run("add", tmp_path / "index", folder, "--exclude", "*.md")
    assert "1 added" in added.out


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
