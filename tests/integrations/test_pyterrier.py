"""The retriever for PyTerrier, in its pipelines and experiments."""

from typing import Any

import pytest

from corpus_tuner import (
    Searcher,
)
from tests.integrations.conftest import QUERY


def test_pyterrier(searcher: Searcher) -> None:
    pt = pytest.importorskip("pyterrier")
    pd = pytest.importorskip("pandas")
    from corpus_tuner.integrations.pyterrier import PyTerrierRetriever

    retriever: Any = PyTerrierRetriever(searcher, k=5)
    topics = pd.DataFrame({"qid": ["b", "a"], "query": [QUERY, "wheat"], "extra": [1, 2]})
    found = retriever(topics)
    assert list(found.columns) == ["qid", "query", "extra", "docno", "score", "rank"]
    expected = dict(zip(topics.qid, searcher.rank(topics["query"].tolist(), 5), strict=True))
    for qid in ("b", "a"):
        rows = found[found.qid == qid]
        assert list(zip(rows.docno, rows.score, strict=True)) == expected[qid]
        assert rows["rank"].tolist() == [0, 1, 2, 3, 4]
    # In a pipeline, with PyTerrier's own operators and its experiment.
    cut = (retriever % 2)(topics)
    assert cut.groupby("qid").size().tolist() == [2, 2]
    both = (retriever + PyTerrierRetriever(searcher, k=5, mode="lexical")).transform(topics)
    assert set(both.qid) == {"a", "b"}
    best = found[(found.qid == "b") & (found["rank"] == 0)].docno.item()
    qrels = pd.DataFrame({"qid": ["b"], "docno": [best], "label": [1]})
    measured = pt.Experiment([retriever], topics, qrels, ["recip_rank"])
    assert measured["recip_rank"].item() == 1.0
    assert len(retriever(topics.iloc[:0])) == 0
    with pytest.raises(Exception, match="query"):
        retriever(pd.DataFrame({"qid": ["a"]}))
    assert "docno" in pt.inspect.transformer_outputs(retriever, ["qid", "query"])
