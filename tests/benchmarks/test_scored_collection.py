"""Scores of a collection with generated questions, against those of the package."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.filtered_questions import measure_filtered
from benchmarks.generated_words import (
    add_words,
    compute_copied_share,
    make_targets,
    measure_field,
    select_new_words,
)
from benchmarks.question_tuning import make_triples
from benchmarks.scored_collection import ScoredCollection, fuse
from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.core.documents import View
from corpus_tuner.encoders import Encoder
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.indexes.search.plan import make_plan
from tests.conftest import make_documents_with_topics, write_jsonl

DOCUMENTS = 60


@pytest.fixture(scope="module")
def collection(
    tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path, encoder: Encoder
) -> Iterator[ScoredCollection]:
    """Documents whose title is a query, with a question each that has a word of its own."""
    folder = tmp_path_factory.mktemp("uses")
    documents = make_documents_with_topics(DOCUMENTS)
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


def test_scores_and_weights_are_those_of_the_package(collection: ScoredCollection) -> None:
    manifest = collection.searcher.manifest
    calibrated = manifest.search.hybrid.model_dump()
    assert collection.weights == pytest.approx(
        {name: calibrated[name] for name in collection.weights}
    )
    plan = make_plan(manifest, manifest.representation, 10)
    for candidates in collection.candidates[:5]:
        ours = fuse(candidates, plan.weights)
        assert ours == pytest.approx(candidates.compute_scores(plan), abs=1e-6)


def test_added_words_are_found_in_their_documents_alone(collection: ScoredCollection) -> None:
    added = [["mill1234"], *([""] for _ in range(DOCUMENTS - 1))]
    queries = dict.fromkeys(collection.benchmark.queries, "mill1234")
    asked = Benchmark("c", "", queries, collection.benchmark.qrels)
    changed = add_words(replace(collection, benchmark=asked), added, ["words"])
    for one in changed.candidates[:3]:
        assert set(one.documents[one.scores["words"] > 0].tolist()) <= {0}
    assert not np.array_equal(
        collection.candidates[0].scores["words"], changed.candidates[0].scores["words"]
    )


def test_a_field_of_useless_questions_changes_little(collection: ScoredCollection) -> None:
    values = dict(measure_field(collection))
    assert len(values) == 5
    base = np.mean([*collection.measure(collection.weights).values()])
    calibrated = np.mean([*values["questions as a field, calibrated"].values()])
    assert abs(calibrated - base) < 0.05


def test_questions_become_pseudo_queries(collection: ScoredCollection) -> None:
    targets = make_targets(collection, most_copied=1.0, removed=False)
    assert targets
    assert all("topicd" in query for target in targets for query in target.queries)
    assert not make_targets(collection, most_copied=-1.0, removed=False)


def test_teacher_scores_documents_of_questions(collection: ScoredCollection) -> None:
    triples = make_triples(collection, 8)
    assert triples
    assert all(one.document != one.other for one in triples)


def test_all_questions_are_used_at_the_share_of_one(collection: ScoredCollection) -> None:
    values = dict(measure_filtered(collection, collection.views))
    assert "more questions, filtered, as views = 1.0" in values
    assert len(values) == 10


def test_words_of_questions() -> None:
    new = select_new_words("The mill grinds wheat.", ["Who grinds flour in mills?", "Flour?"])
    assert new == ["Who", "flour"]
    assert compute_copied_share("The old mill grinds wheat.", "What is the old mill?") == 0.5
    assert compute_copied_share("The old mill", "Mill?") == 0
