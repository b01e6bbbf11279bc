"""An index as a retriever of PyTerrier, LangChain and LlamaIndex: by the libraries themselves."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import CorpusTunerError, Searcher, build, load_settings
from tests.conftest import make_documents, write_jsonl

QUERY = "the old mill by the river"


@pytest.fixture
def searcher(tmp_path: Path, encoder: Any) -> Iterator[Searcher]:
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(12)]
    for number, record in enumerate(records):
        record["year"] = 2000 + number
    write_jsonl(tmp_path / "corpus.jsonl", records)
    chosen = ["generator=null", "calibrate=false", "language=en"]
    build(
        tmp_path / "corpus.jsonl", tmp_path / "index", load_settings(None, chosen), encoder=encoder
    )
    with Searcher.open(tmp_path / "index", encoder=encoder) as opened:
        yield opened


def test_pyterrier(searcher: Searcher) -> None:
    pt = pytest.importorskip("pyterrier")
    pd = pytest.importorskip("pandas")
    from corpus_tuner.adapters.pyterrier import PyTerrierRetriever

    retriever: Any = PyTerrierRetriever(searcher, k=5)
    topics = pd.DataFrame({"qid": ["b", "a"], "query": [QUERY, "wheat"], "kept": [1, 2]})
    found = retriever(topics)
    assert list(found.columns) == ["qid", "query", "kept", "docno", "score", "rank"]
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


def test_langchain(searcher: Searcher) -> None:
    pytest.importorskip("langchain_core")
    from corpus_tuner.adapters.langchain import LangChainRetriever

    retriever = LangChainRetriever(searcher=searcher, k=3, filter={"year": {"gte": 2006}})
    found = retriever.invoke(QUERY)
    expected = searcher.search(QUERY, 3, filter={"year": {"gte": 2006}})
    assert [document.id for document in found] == [hit.document.id for hit in expected]
    assert found[0].page_content == expected[0].document.text
    assert found[0].metadata["year"] >= 2006
    assert found[0].metadata["score"] == expected[0].score
    assert expected[0].view.text in found[0].metadata["matched"]
    assert [len(documents) for documents in retriever.batch([QUERY, "wheat"])] == [3, 3]
    chain = retriever | (lambda documents: len(documents))
    assert chain.invoke(QUERY) == 3


def test_llama_index(searcher: Searcher) -> None:
    pytest.importorskip("llama_index.core")
    from corpus_tuner.adapters.llama_index import LlamaIndexRetriever

    found = LlamaIndexRetriever(searcher, k=3, mode="dense").retrieve(QUERY)
    expected = searcher.search(QUERY, 3, mode="dense")
    assert [scored.node.node_id for scored in found] == [hit.document.id for hit in expected]
    assert [scored.score for scored in found] == [hit.score for hit in expected]
    assert found[0].node.get_content() == expected[0].document.text
    assert found[0].node.metadata["year"] == expected[0].document.metadata["year"]


@pytest.mark.parametrize(
    ("adapter", "library", "extra"),
    [
        ("pyterrier", "pyterrier", "pyterrier"),
        ("langchain", "langchain_core.retrievers", "langchain"),
        ("llama_index", "llama_index.core.schema", "llama-index"),
    ],
)
def test_a_missing_library_is_named(
    adapter: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"corpus_tuner.adapters.{adapter}", False)
    with pytest.raises(CorpusTunerError, match=rf"pip install 'corpus-tuner\[{extra}\]'"):
        import_module(f"corpus_tuner.adapters.{adapter}")
