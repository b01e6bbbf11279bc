"""Options that several commands have."""

import json
from pathlib import Path

import pytest

from corpus_tuner import load_recipe
from corpus_tuner.cli.options import read_recipe, read_tuning_settings
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl


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
    outcome = run("build", "c.jsonl", "-o", "index", "--config", "papers")
    assert outcome.code == 2
    assert "no recipe papers" in outcome.err
    assert "paper, passage, questions" in outcome.err


def test_short_options_are_settings(built: Path, tmp_path: Path, run: Run) -> None:
    options = ("--output", tmp_path / "new", "--encoder", "./nosuch")
    outcome = run("build", built / "c.jsonl", *options)
    assert outcome.code == 2
    assert "nosuch" in outcome.err
    overruled = run("build", built / "c.jsonl", *options, "--set", "encoder.name=./neither")
    assert "neither" in overruled.err
    assert "nosuch" not in overruled.err


def test_settings_of_a_tuning_and_of_its_recipe_are_separated(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("steps: 7\nseed: 3\n", encoding="utf-8")
    settings, of_recipe = read_tuning_settings(
        GeneratorTuningSettings, file, ["steps=9", "language=de", "encoder.name=x"]
    )
    assert (settings.steps, settings.seed) == (9, 3)
    assert of_recipe == ["language=de", "encoder.name=x"]


def test_only_given_options_are_settings_of_the_recipe() -> None:
    values = {"corpus.include": ["*.md"], "corpus.exclude": None}
    recipe = read_recipe(None, None, values)
    assert recipe.corpus.include == ("*.md",)
    assert recipe.corpus.exclude == load_recipe().corpus.exclude
    assert read_recipe(None, None, {"encoder.name": None}) == load_recipe()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "nowhere.jsonl", "-o", "index"], "no corpus at nowhere.jsonl"),
        (["build", "empty", "-o", "index"], "neither a corpus.jsonl nor"),
        (["build", "c.jsonl"], "--output"),
        (["search", "index", "x", "--mode", "fuzzy"], "'--mode': 'fuzzy' is not one of"),
        (["build", "c.jsonl", "-o", "c.jsonl"], "is a file"),
        (["build", "c.jsonl", "-o", "full"], "has other contents"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder"], "stage.key=value"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.name=[x"], "not YAML"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.nam=x"], "is it 'name'?"),
        (["build", "c.jsonl", "-o", "index", "--set", "language.x=y"], "language"),
        (["build", "c.jsonl", "-o", "index", "--set", "search.hybrid.words=-1"], "hybrid.words"),
        (["build", "c.jsonl", "-o", "index", "--set", "generator.name=gpt"], "extractive, seq2seq"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.name=./no"], "encoder './no'"),
        (
            [
                *("build", "c.jsonl", "-o", "index"),
                *("--set", "generator={name: seq2seq, model: ./no}"),
            ],
            "generator './no'",
        ),
        (["build", "c.jsonl", "-o", "index", "--config", "no.yaml"], "recipe no.yaml"),
        (["build", "c.jsonl", "-o", "index", "--config", "bad.yaml"], "bad.yaml:2: encoder.nam"),
        (["build", "c.jsonl", "-o", "index", "--config", "broken.yaml"], "not YAML"),
        (["build", "c.jsonl", "-o", "index", "--config", "list.yaml"], "mapping of keys"),
        (["build", "c.jsonl", "-o", "index", "--set", "corpus.on_bad_record=ask"], "ask"),
        (["build", "c.jsonl", "-o", "index", "--set", "instructions=bad.yaml"], "no template"),
        (["build", "c.jsonl", "-o", "index", "--set", "instructions=asks.yaml"], "has: author"),
        (["search", "nowhere", "mill"], "not an index"),
        (["search", "empty", "mill"], "not an index"),
        (["search", "index", "mill", "--k", "0"], "--k"),
        (["search", "index", "--queries", "queries.txt"], "--output RUN"),
        (["info", "nowhere"], "not an index"),
        (["eval"], "BENCHMARK"),
        (["eval", "nowhere"], "eval --list shows"),
        (["eval", "sample-en", "sample-en"], "same name"),
        (["eval", "ir_datasets:no/such"], "no/such"),
        (["eval", "sample-en", "--measure", "fame"], "no measure is called 'fame'"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.max_tokens=99"], "64 positions"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_bad_arguments(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    run: Run,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.jsonl").write_text('{"_id": "a", "text": "A mill by the river."}\n', encoding="utf-8")
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full", "thesis.txt").write_text("mine", encoding="utf-8")
    Path("bad.yaml").write_text("encoder:\n  nam: builtin\n", encoding="utf-8")
    Path("broken.yaml").write_text("encoder: [", encoding="utf-8")
    Path("list.yaml").write_text("- encoder\n", encoding="utf-8")
    Path("asks.yaml").write_text("keywords: '{text} by {author}'\n", encoding="utf-8")
    if "instructions" in said or "template" in said or "author" in said:
        small = small[:2] + small[4:]  # with a generator
    if arguments[0] == "build":
        arguments = ["build", *small, *arguments[1:]]
    failed = run(*arguments)
    assert failed.code == 2, failed
    assert said in failed.err
    assert "Traceback" not in failed.err
    assert Path("full", "thesis.txt").read_text(encoding="utf-8") == "mine"
