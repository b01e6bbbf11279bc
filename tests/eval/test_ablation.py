"""What is compared in an ablation, and that its scores are those of an index."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.eval.ablation import list_check_sets, list_variants
from corpus_tuner.indexes.representations import mean
from corpus_tuner.indexes.store.layout import Layout
from tests.conftest import make_documents, write_jsonl


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    documents = make_documents(24)
    write_jsonl(folder / "corpus.jsonl", documents)
    queries = [
        {"_id": f"q{number}", "text": " ".join(document["text"].split()[:5])}
        for number, document in enumerate(documents[:8])
    ]
    write_jsonl(folder / "queries.jsonl", queries)
    judged = [f"q{number}\t{document['_id']}\t1" for number, document in enumerate(documents[:8])]
    lines = "\n".join(["query-id\tcorpus-id\tscore", *judged])
    (folder / "qrels" / "test.tsv").write_text(f"{lines}\n", encoding="utf-8")
    return folder


@pytest.fixture
def common(encoder_folder: Path) -> list[str]:
    values = (
        *(f"encoder.name={encoder_folder}", "encoder.dtype=float32", "language=en"),
        *("calibrate=false", "documents_at_once=10", "representation.storage=float32"),
    )
    return [part for value in values for part in ("--set", value)]


@pytest.fixture
def recipe(common: list[str], t5_folder: Path) -> list[str]:
    values = (
        *("generator.name=seq2seq", f"generator.model={t5_folder}", "generator.outputs=2"),
        *("generator.max_new_tokens=6", "checks=[duplicate, {name: entailment, support: 0.5}]"),
    )
    return [*common, *(part for value in values for part in ("--set", value))]


def measures(text: str) -> dict[str, Any]:
    return {row["system"]: row["measures"] for row in json.loads(text)}


@pytest.mark.slow
def test_scores_are_those_of_an_index_of_the_same_views(
    benchmark: Path,
    recipe: list[str],
    common: list[str],
    tmp_path: Path,
    run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mean.Representation, "storage", "float32")  # int8 in an index
    results = tmp_path / "results"
    command = ["eval", benchmark, "--ablate", "--no-tune", "-o", results, *recipe, "--json"]
    done = run(*command)
    assert done.code == 0, done.err
    found = measures(done.out)
    lines = (results / "ablation.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "| system | tiny |" and len(lines) == 2 + len(found)

    for generator, parts in (
        (["--set", "generator=extractive"], "own, extractive"),
        (recipe[len(common) :], "own, generated, checked"),
        ([*recipe[len(common) :], "--set", "checks=[]"], "own, generated"),
        ([*recipe[len(common) :], "--set", "checks=[duplicate]"], "but for entailment"),
    ):
        name = parts if parts.startswith("own") else f"own, generated, checked {parts}"
        out = tmp_path / parts
        plain = ["eval", benchmark, "-o", out, *common, *generator, "--set", "lexical=null"]
        done = run(*plain, "--json")
        assert done.code == 0, done.err
        indexed = measures(done.out)
        assert found["passage"] == pytest.approx(indexed["passage"])
        assert found[f"mean: {name}"] == pytest.approx(indexed["mean"])
        assert found[f"views: {name}"] == pytest.approx(indexed["views"])

    # An ablation that was made goes on from its index.
    manifest = Layout(results / "ablation" / "tiny").manifest
    before = manifest.stat().st_mtime_ns
    assert measures(run(*command).out) == found
    assert manifest.stat().st_mtime_ns == before


@pytest.mark.slow
def test_the_tuned_generator_is_compared(
    benchmark: Path, recipe: list[str], tmp_path: Path, run: Callable[..., Any]
) -> None:
    command = ["eval", benchmark, "--ablate", "-o", tmp_path / "results", *recipe, "--json"]
    for value in ("steps=2", "batch_size=4", "max_target_tokens=8", "rounds=2"):
        command += ["--set", value]
    done = run(*command)
    assert done.code == 0, done.err
    found = measures(done.out)
    for name in ("mean", "views"):
        for parts in (
            *("own", "own, extractive", "own, generated", "own, generated, checked"),
            *("own, generated, checked but for duplicate", "own, tuned", "own, tuned, checked"),
            *("generated", "generated, checked", "tuned, checked", "tuned in round 2, checked"),
            *("only title", "only sentence", "only keywords, extractive"),
            *("only question, generated, checked", "only keywords, tuned, checked"),
        ):
            assert f"{name}: {parts}" in found


def test_what_is_compared() -> None:
    assert list_check_sets("extractive", ["duplicate"]) == list_check_sets("generated", []) == {}
    assert list_check_sets("generated", ["duplicate", "copied"]) == {
        "generated, checked": ["duplicate", "copied"],
        "generated, checked but for duplicate": ["copied"],
        "generated, checked but for copied": ["duplicate"],
    }
    found = list_variants({"extractive": ["keywords"], "generated": ["question"]}, ["duplicate"])
    assert {variant.name: variant.groups for variant in found} == {
        "own": ("own",),
        "own, extractive": ("own", "extractive"),
        "extractive": ("extractive",),
        "own, generated": ("own", "generated"),
        "generated": ("generated",),
        "own, generated, checked": ("own", "generated, checked"),
        "generated, checked": ("generated, checked",),
        "own, extractive, generated, checked": ("own", "extractive", "generated, checked"),
        "only title": ("own",),
        "only sentence": ("own",),
        "only keywords, extractive": ("extractive",),
        "only question, generated, checked": ("generated, checked",),
    }


def test_there_must_be_something_to_ablate(
    benchmark: Path, common: list[str], tmp_path: Path, run: Callable[..., Any]
) -> None:
    for generator in ("null", "extractive"):
        command = ["eval", benchmark, "--ablate", "-o", tmp_path / "results", *common]
        done = run(*command, "--set", f"generator={generator}")
        assert done.code == 2
        assert "ablate" in done.err
