"""``corpus-tuner eval``."""

import json
from pathlib import Path

import pytest

from tests.conftest import make_documents, write_jsonl
from tests.corpus_tuner.cli.conftest import Run

SYSTEMS = [
    *("bm25", "grams", "passage", "mean", "views"),
    *("default-weights", "hybrid", "oracle", "oracle-all"),
]


@pytest.mark.slow
def test_eval_measures_the_encoder_alone_beside_the_recipe(
    tmp_path: Path, run: Run, small: list[str]
) -> None:
    out = tmp_path / "out"
    outcome = run("eval", "--benchmark", "sample-en", "sample-de", "--output", out, *small)
    assert outcome.code == 0, outcome.err
    rows = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert [(row["benchmark"], row["system"]) for row in rows] == [
        (name, system) for name in ("sample-en", "sample-de") for system in SYSTEMS
    ]
    assert [row["uses_labels"] for row in rows] == ["oracle" in name for name in SYSTEMS] * 2
    assert "* chosen with the judgments" in outcome.out
    for row in rows:
        assert list(row["measures"]) == ["nDCG@10", "MRR@100", "Recall@100"]
        assert (row["documents"], row["queries"]) == (120, 60)
        assert 0 <= row["measures"]["nDCG@10"] <= 1
        run_file = out / "runs" / f"{row['benchmark']}.{row['system']}.trec"
        lines = len(run_file.read_text(encoding="utf-8").splitlines())
        shared = {"passage", "views"}.isdisjoint(row["weights"]) and row["system"] in (
            *("bm25", "grams", "hybrid", "oracle", "oracle-all"),
        )
        assert lines == 60 * 100 or (shared and 60 < lines < 60 * 100)

    before = {path: path.read_bytes() for path in (out / "runs").iterdir()}
    again = run("eval", "-b", "sample-en", "-b", "sample-de", "-o", out, "--json", *small)
    assert [row["system"] for row in json.loads(again.out)] == SYSTEMS * 2
    assert before == {path: path.read_bytes() for path in (out / "runs").iterdir()}


@pytest.mark.slow
def test_eval_of_an_index_with_nothing_beside(tmp_path: Path, run: Run, small: list[str]) -> None:
    options = ("--set", "baselines=[]", "--set", "calibrate=false", "--json")
    outcome = run("eval", "-b", "sample-en", "-o", tmp_path, *small, *options)
    assert outcome.code == 0, outcome.err
    systems = [row["system"] for row in json.loads(outcome.out)]
    assert systems == ["bm25", "grams", "views", "hybrid", "oracle", "oracle-all"]


def test_eval_skips_what_a_benchmark_has_wrong(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    write_jsonl(folder / "corpus.jsonl", [*make_documents(5), {"_id": "empty", "text": ""}])
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "mill"}\n', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("q\td1\t1\nr\td1\t1\n", encoding="utf-8")
    measures = ("--measure", "P@1", "--measure", "AP@100")
    outcome = run("eval", folder, "-o", tmp_path / "out", *measures, *small)
    assert outcome.code == 0, outcome.err
    assert "text: empty, and there is no title: 1" in outcome.out
    assert "a judged query is missing: 1" in outcome.out
    assert "AP@100" in outcome.out
