"""Uses of generated questions in lexical search, and as pseudo-queries."""

from dataclasses import replace

import numpy as np

from benchmarks.generated_words import (
    add_words,
    compute_copied_share,
    make_targets,
    measure_field,
    select_new_words,
)
from benchmarks.scored_collection import ScoredCollection
from corpus_tuner.eval.trec.benchmark import Benchmark


def test_added_words_are_found_in_their_documents_alone(collection: ScoredCollection) -> None:
    added = [["mill1234"], *([""] for _ in collection.views[1:])]
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


def test_words_of_questions() -> None:
    new = select_new_words("The mill grinds wheat.", ["Who grinds flour in mills?", "Flour?"])
    assert new == ["Who", "flour"]
    assert compute_copied_share("The old mill grinds wheat.", "What is the old mill?") == 0.5
    assert compute_copied_share("The old mill", "Mill?") == 0
