"""Encoders as baselines."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import BaselineInput, open_baseline
from corpus_tuner.eval.trec.benchmark import Benchmark
from tests.conftest import Outcome, make_documents, write_jsonl
from tests.eval.made_benchmark import make_benchmark

Run = Callable[..., Outcome]


def test_baselines_stand_in_the_same_table(
    tmp_path: Path, run: Run, small: list[str], other_encoder_folder: Path
) -> None:
    folder = make_benchmark(tmp_path / "one")
    documents = [json.loads(line)["_id"] for line in (folder / "corpus.jsonl").open()]
    perfect = "".join(f"q{n} Q0 {documents[n]} 1 1.0 x\n" for n in range(11))  # nothing for q11
    (tmp_path / "one.best.trec").write_text(perfect + "q99 Q0 x 1 1.0 x\n", encoding="utf-8")
    out = tmp_path / "out"
    others = [
        *("--baseline", f"run:{tmp_path}/{{benchmark}}.best.trec"),
        *("--baseline", f"other=encoder:{other_encoder_folder}"),
    ]
    outcome = run("eval", folder, "-o", out, *others, "--compare-with", "other", *small)
    assert outcome.code == 0, outcome.err
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    values = {result["system"]: result["measures"]["nDCG@10"] for result in results}
    assert values["best"] == pytest.approx(11 / 12)
    assert 0 < values["other"] < 1
    assert "best found nothing for 1 of 12 judged queries; they count 0" in outcome.out
    assert "1 query of best without judgments" in outcome.out
    assert "compared with other" in outcome.out
    assert "gains and losses compared with other" in outcome.out


def test_documents_are_ranked_by_the_cosine_of_title_and_text(
    tmp_path: Path, encoder: Encoder, encoder_folder: Path
) -> None:
    documents = make_documents(7)
    corpus = write_jsonl(tmp_path / "corpus.jsonl", documents)
    queries = {"q1": "the old mill", "q2": "rent by law"}
    benchmark = Benchmark("tiny", str(corpus), queries, {})
    baseline = open_baseline(f"encoder:{encoder_folder}")
    run = baseline.run(BaselineInput(benchmark, CorpusSettings(), "en", 4, tmp_path))
    texts = [f"{document['title']} {document['text']}" for document in documents]
    scores = encoder.encode_queries(list(queries.values())) @ encoder.encode_documents(texts).T
    for query, row in zip(queries, scores, strict=True):
        best = sorted(range(7), key=lambda number: -row[number])[:4]
        assert [id_ for id_, _ in run[query]] == [documents[number]["_id"] for number in best]
        assert [score for _, score in run[query]] == pytest.approx(row[best], abs=1e-5)


def test_documents_that_only_an_index_has_are_not_encoded(
    tmp_path: Path, encoder_folder: Path
) -> None:
    given = BaselineInput(Benchmark("tiny", "", {}, {}), CorpusSettings(), "en", 4, tmp_path)
    baseline = open_baseline(f"mine=encoder:{encoder_folder}")
    assert baseline.name == "mine"
    with pytest.raises(CorpusTunerError, match="needs the documents"):
        baseline.run(given)
