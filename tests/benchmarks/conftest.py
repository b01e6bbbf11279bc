"""Fixture: a collection with generated questions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.scored_collection import ScoredCollection
from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.core.documents import View
from corpus_tuner.encoders import Encoder
from corpus_tuner.eval.trec.benchmark import Benchmark
from tests.conftest import make_documents_with_topics, write_jsonl


@pytest.fixture(scope="session")
def collection(
    tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path, encoder: Encoder
) -> Iterator[ScoredCollection]:
    """Documents whose title is a query, with a question each that has a word of its own."""
    folder = tmp_path_factory.mktemp("uses")
    documents = make_documents_with_topics(24)
    corpus = write_jsonl(folder / "c.jsonl", documents)
    recipe = [f"encoder.name={encoder_folder}", "language=en", "generator=null"]
    build(corpus, folder / "i", load_recipe(None, recipe))
    queries = {one["_id"]: one["title"] for one in documents}
    benchmark = Benchmark("c", str(corpus), queries, {name: {name: 1} for name in queries})
    with Searcher.open(folder / "i", encoder=encoder) as searcher:
        scored = ScoredCollection.score(benchmark, searcher, encoder, folder / "i")
        views = [
            [View(one.id, "question", f"Which topic{one.id} is it?", "m", "", invented=True)]
            for one in searcher.read_documents()
        ]
        scored.views[:] = views
        yield scored
