"""Systems whose first documents are pooled."""

from pathlib import Path

import pytest

from corpus_tuner import Searcher
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.runs import Run, write_run
from corpus_tuner.judging.pool import DEPTH, make_pool, propose_queries, run_systems
from tests.judging.conftest import QUERIES


def test_systems_are_those_of_the_index_and_others(searcher: Searcher, tmp_path: Path) -> None:
    write_run({"q0": [(f"d{n}", 1 / (n + 1)) for n in range(20)]}, tmp_path / "old.trec", "old")
    index = str(searcher.source)
    runs = run_systems(searcher, QUERIES, [str(tmp_path / "old.trec")])
    assert list(runs) == ["hybrid", "dense", "lexical", "old"]
    assert [document for document, _ in runs["old"]["q0"]] == [f"d{n}" for n in range(DEPTH)]
    assert runs["hybrid"] != runs["dense"]
    for query, ranking in runs["lexical"].items():
        hits = searcher.search(QUERIES[query], DEPTH, mode="lexical", collapse=False)
        assert [document for document, _ in ranking] == [hit.document.id for hit in hits]
    with pytest.raises(EvaluationError, match="two systems are called 'hybrid'"):
        run_systems(searcher, QUERIES, [f"hybrid={index}"])
    with pytest.raises(EvaluationError, match="none of the queries"):
        run_systems(searcher, {"other": "mill"}, [str(tmp_path / "old.trec")])


def test_a_document_that_one_system_ranks_first_separates_most() -> None:
    runs: dict[str, Run] = {
        "a": {"q": [("same", 3.0), ("second", 2.0), ("third", 1.0)]},
        "b": {"q": [("same", 3.0), ("third", 2.0)]},
    }
    pool = make_pool(runs, "q")
    assert pool["same"] == 0 < pool["third"] < pool["second"]
    assert make_pool(runs, "unknown") == {}


def test_proposals_are_titles_and_sentences_of_the_corpus(searcher: Searcher) -> None:
    proposed = propose_queries(searcher, 10)
    assert len(set(proposed)) == 10
    documents = list(searcher.read_documents())
    titles = {document.title for document in documents}
    assert titles & set(proposed)
    rest = set(proposed) - titles
    assert rest
    assert all(any(query.rstrip(".") in one.text for one in documents) for query in rest)
