"""Weights tuned by judged queries: only where a gain is shown."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.qrels import write_qrels
from corpus_tuner.eval.weight_tuning import FEWEST, tune_weights
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.search_settings import Mode
from tests.conftest import Outcome, make_documents_with_topics, write_jsonl


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    folder = tmp_path_factory.mktemp("tuning")
    documents = make_documents_with_topics(60)
    settings = load_recipe(None, ["generator=null", "language=en"])
    corpus = write_jsonl(folder / "corpus.jsonl", documents)
    build(corpus, folder / "index", settings, encoder=encoder)
    lines = [f"q{n}\t{' '.join(own['text'].split()[3:8])}\n" for n, own in enumerate(documents)]
    (folder / "q.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def judge(folder: Path, encoder: Any, mode: Mode, count: int = 40) -> None:
    """Write judgments by which the first five documents of a mode are relevant."""
    texts = dict(line.rstrip("\n").split("\t") for line in (folder / "q.tsv").open())
    with Searcher.open(folder / "index", encoder=encoder) as searcher:
        rankings = searcher.rank(list(texts.values()), 5, mode=mode)
        qrels = {
            query: {document: 3 - rank // 2 for rank, (document, _) in enumerate(ranking)}
            for query, ranking in zip(texts, rankings, strict=True)
        }
    write_qrels(dict(list(qrels.items())[:count]), folder / "made.qrels")


def test_weights_follow_judgments_that_dense_search_satisfies(
    built: Path, tmp_path: Path, encoder: Any, run: Callable[..., Outcome]
) -> None:
    folder = shutil.copytree(built, tmp_path / "copy")
    judge(folder, encoder, "dense")
    before = read_manifest(folder / "index")
    tuned = tune_weights(folder / "index", folder / "q.tsv", folder / "made.qrels", encoder=encoder)
    after = read_manifest(folder / "index")
    assert tuned.pays and tuned.queries == 40 and 0 < tuned.low < tuned.gain < tuned.high
    assert after.search.hybrid == tuned.weights != before.search.hybrid
    assert tuned.weights.words < before.search.hybrid.words
    assert after.calibration and after.calibration.judged == 40
    with Searcher.open(folder / "index", encoder=encoder) as searcher:
        assert searcher.search("a query", k=1)[0].probability is None
    again = tune_weights(folder / "index", folder / "q.tsv", folder / "made.qrels", encoder=encoder)
    assert not again.pays and again.gain <= 0  # nothing more to gain
    assert read_manifest(folder / "index") == after
    assert "tuned by 40 judged queries" in run("info", folder / "index").out


def test_weights_stay_where_judgments_are_chance(built: Path, tmp_path: Path, encoder: Any) -> None:
    folder = shutil.copytree(built, tmp_path / "copy")
    generator = random.Random(0)
    with Searcher.open(folder / "index", encoder=encoder) as searcher:
        ids = sorted(document.id for document in searcher.read_documents())
    qrels = {f"q{n}": dict.fromkeys(generator.sample(ids, 5), 1) for n in range(40)}
    write_qrels(qrels, folder / "made.qrels")
    before = read_manifest(folder / "index")
    tuned = tune_weights(folder / "index", folder / "q.tsv", folder / "made.qrels", encoder=encoder)
    assert not tuned.pays
    assert read_manifest(folder / "index") == before


def test_too_few_judgments(built: Path, tmp_path: Path, encoder: Any) -> None:
    folder = shutil.copytree(built, tmp_path / "copy")
    judge(folder, encoder, "dense", count=FEWEST - 1)
    with pytest.raises(EvaluationError, match="30 judged queries with a relevant document"):
        tune_weights(folder / "index", folder / "q.tsv", folder / "made.qrels", encoder=encoder)
