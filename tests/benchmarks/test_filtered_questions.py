"""Questions filtered by their relevance."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import filtered_questions
from benchmarks.filtered_questions import measure_filtered
from benchmarks.generated_words import add_words, select_questions
from benchmarks.scored_collection import ScoredCollection
from corpus_tuner.eval.trec.benchmark import Benchmark


def test_a_share_of_the_questions_is_used(
    collection: ScoredCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered_questions, "SHARES", (0.25, 1.0))
    ids = [*collection.benchmark.queries]
    # Every query asks the question of another document than the one that was found for it.
    others = [*ids[1:], ids[0]]
    queries = {id_: f"topic{other}" for id_, other in zip(ids, others, strict=True)}
    judged = {id_: {other: 1} for id_, other in zip(ids, others, strict=True)}
    asked = replace(collection, benchmark=Benchmark("c", "", queries, judged))
    values = dict(measure_filtered(asked, asked.views))
    name = "more questions, filtered, as words"
    few, all_ = (values[f"{name} = {share}"] for share in (0.25, 1.0))
    assert all_ == add_words(asked, select_questions(asked.views)).measure(asked.weights)
    assert np.mean([*few.values()]) < np.mean([*all_.values()])
    assert len(values) == 4
