"""An index as a retriever of other libraries: by the libraries themselves."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import (
    CorpusTunerError,
    Hit,
    Searcher,
    SearchIndexError,
    build,
    load_recipe,
)
from corpus_tuner.integrations.common import convert_hit
from tests.conftest import make_documents, write_jsonl

QUERY = "the old mill by the river"
CHOSEN = ["generator=null", "calibrate=false", "language=en"]


@pytest.fixture
def searcher(tmp_path: Path, encoder: Any, encoder_folder: Path) -> Iterator[Searcher]:
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(12)]
    for number, record in enumerate(records):
        record |= {"year": 2000 + number, "score": "of the document", "rank": [1], "matched": None}
    write_jsonl(tmp_path / "corpus.jsonl", records)
    settings = load_recipe(None, [*CHOSEN, f"encoder.name={encoder_folder}"])
    build(tmp_path / "corpus.jsonl", tmp_path / "index", settings, encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as opened:
        yield opened


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


UNITS = ("documents", "passages")


@pytest.mark.parametrize("unit", UNITS)
def test_langchain(searcher: Searcher, unit: Any) -> None:
    pytest.importorskip("langchain_core")
    from corpus_tuner.integrations.langchain import LangChainRetriever

    asked: Any = {"k": 3, "filter": {"year": {"gte": 2006}}}
    retriever = LangChainRetriever(searcher, unit=unit, **asked)
    found = retriever.invoke(QUERY)
    hits = searcher.search(QUERY, **asked)
    assert found == asyncio.run(retriever.ainvoke(QUERY))
    check([(one.id, one.page_content, one.metadata) for one in found], hits, unit)
    assert [len(documents) for documents in retriever.batch([QUERY, "wheat"])] == [3, 3]
    assert (retriever | len).invoke(QUERY) == 3
    (first,) = LangChainRetriever(searcher).invoke(
        QUERY, k=1, filter={"year": 2007}, mode="lexical"
    )
    assert first.metadata["year"] == 2007
    with pytest.raises(SearchIndexError, match="k must be"):
        retriever.invoke(QUERY, k=0)


@pytest.mark.parametrize("unit", UNITS)
def test_llama_index(searcher: Searcher, unit: Any) -> None:
    pytest.importorskip("llama_index.core")
    from corpus_tuner.integrations.llama_index import LlamaIndexRetriever

    asked: Any = {"k": 3, "mode": "dense", "filter": {"year": {"gte": 2006}}}
    retriever = LlamaIndexRetriever(searcher, unit=unit, **asked)
    found = retriever.retrieve(QUERY)
    hits = searcher.search(QUERY, **asked)
    for again in (found, asyncio.run(retriever.aretrieve(QUERY))):
        nodes = [one.node for one in again]
        check([(node.node_id, node.get_content(), node.metadata) for node in nodes], hits, unit)
        assert [one.score for one in again] == [hit.score for hit in hits]
    node: Any = found[0].node
    assert node.ref_doc_id == (hits[0].document.id if unit == "passages" else None)
    prompt = node.get_content(metadata_mode="llm")
    assert "year: " in prompt
    assert "corpus_tuner" not in prompt


@pytest.mark.parametrize("unit", UNITS)
def test_haystack(searcher: Searcher, unit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAYSTACK_TELEMETRY_ENABLED", "False")
    haystack = pytest.importorskip("haystack")
    from corpus_tuner.integrations.haystack import HaystackRetriever

    asked: Any = {"k": 3, "filter": {"year": {"gte": 2006}}}
    pipeline = haystack.Pipeline()
    pipeline.add_component("retriever", HaystackRetriever(searcher, unit=unit, **asked))
    hits = searcher.search(QUERY, **asked)
    trusted = ["corpus_tuner.integrations.haystack"]
    loaded = haystack.Pipeline.loads(pipeline.dumps(), allowed_modules=trusted)
    for runs in (pipeline, loaded):
        found = runs.run({"retriever": {"query": QUERY}})["retriever"]["documents"]
        check([(one.id, one.content, one.meta) for one in found], hits, unit)
        assert [one.score for one in found] == [hit.score for hit in hits]
    retriever: Any = pipeline.get_component("retriever")
    later = asyncio.run(retriever.run_async(QUERY, 1, {"year": 2007}))["documents"]
    assert [one.meta["year"] for one in later] == [2007]


def check(found: list[tuple[Any, Any, Any]], hits: list[Hit], unit: str) -> None:
    """Documents' own metadata are as they were, and hits are described under a key of their own."""
    assert len(found) == len(hits) == 3
    for (id_, text, metadata), hit in zip(found, hits, strict=True):
        ours = metadata["corpus_tuner"]
        assert {**metadata, **hit.document.metadata} == metadata
        assert metadata.keys() - hit.document.metadata.keys() == {"corpus_tuner"}
        assert metadata["score"] == "of the document"
        assert (ours["id"], ours["rank"], ours["score"]) == (hit.document.id, hit.rank, hit.score)
        assert (ours["kind"], ours["matched"]) == (hit.view.kind, hit.view.text)
        assert hit.document.text[ours["start"] : ours["end"]] == hit.passage.text
        if unit == "documents":
            assert (id_, text) == (hit.document.id, hit.document.text)
        else:
            assert text == hit.passage.text
            assert id_ == f"{hit.document.id}#char={ours['start']},{ours['end']}"


@pytest.mark.parametrize("unit", UNITS)
def test_the_page_of_a_passage(tmp_path: Path, encoder: Any, unit: Any) -> None:
    documents = [{"id": "d", "text": "\n\f\n\fA mill by the river.\n\f"}]
    build(documents, tmp_path / "index", load_recipe(None, CHOSEN), encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as opened:
        (hit,) = opened.search(QUERY)
    assert (hit.passage.text, hit.passage.page) == ("A mill by the river.", 3)
    assert convert_hit(hit, unit).metadata["page_label"] == "3"


def test_adapters_open_folders_and_addresses(tmp_path: Path, encoder_folder: Path) -> None:
    """All take a folder, as text or a path, an address, or what is open already."""
    pytest.importorskip("qdrant_client")
    from corpus_tuner.indexes.qdrant.address import parse_address
    from corpus_tuner.indexes.qdrant.export import export_to_qdrant
    from corpus_tuner.integrations.common import open_searcher

    folder, address = tmp_path / "index", f"qdrant:{tmp_path / 'qdrant'}/test"
    settings = load_recipe(None, CHOSEN)
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(5))
    build(corpus, folder, settings, encoder=encoder_folder)
    export_to_qdrant(folder, parse_address(address))
    with Searcher.open(folder) as searcher:
        expected = [hit.document.id for hit in searcher.search(QUERY, 2)]
        for index in (searcher, folder, str(folder)):
            assert [*_found_by_all(index)] == [expected] * len([*_found_by_all(searcher)])
    with open_searcher(address) as opened:
        assert next(_found_by_all(opened)) == expected


def _found_by_all(index: Any) -> Iterator[list[str]]:
    """Yield what every adapter that is installed finds, by ids."""
    with suppress(CorpusTunerError):
        from corpus_tuner.integrations.langchain import LangChainRetriever

        yield [str(found.id) for found in LangChainRetriever(index, k=2).invoke(QUERY)]
    with suppress(CorpusTunerError):
        from corpus_tuner.integrations.llama_index import LlamaIndexRetriever

        yield [found.node.node_id for found in LlamaIndexRetriever(index, k=2).retrieve(QUERY)]
    with suppress(CorpusTunerError):
        from corpus_tuner.integrations.haystack import HaystackRetriever

        yield [found.id for found in HaystackRetriever(index, k=2).run(QUERY)["documents"]]
    with suppress(CorpusTunerError):
        import pandas as pd

        from corpus_tuner.integrations.pyterrier import PyTerrierRetriever

        topics = pd.DataFrame({"qid": ["a"], "query": [QUERY]})
        yield PyTerrierRetriever(index, k=2).transform(topics).docno.tolist()


def test_a_document_keeps_a_field_of_our_name(tmp_path: Path, encoder: Any) -> None:
    pytest.importorskip("langchain_core")
    from corpus_tuner.integrations.langchain import LangChainRetriever

    documents = [{"id": "d", "text": "A mill by the river.", "corpus_tuner": "mine"}]
    build(documents, tmp_path / "index", load_recipe(None, CHOSEN), encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as opened:
        (found,) = LangChainRetriever(opened).invoke(QUERY)
    assert found.metadata == {"corpus_tuner": "mine"}


@pytest.mark.parametrize(
    ("adapter", "library", "extra"),
    [
        ("pyterrier", "pyterrier", "pyterrier"),
        ("langchain", "langchain_core.retrievers", "langchain"),
        ("llama_index", "llama_index.core.schema", "llama-index"),
        ("haystack", "haystack", "haystack"),
    ],
)
def test_a_missing_library_is_named(
    adapter: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"corpus_tuner.integrations.{adapter}", False)
    with pytest.raises(CorpusTunerError, match=rf"pip install .*\[{extra}\]'"):
        import_module(f"corpus_tuner.integrations.{adapter}")
