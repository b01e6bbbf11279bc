"""Hits as other libraries represent them, and what all retrievers can open."""

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
from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.search.hits import HitContents
from corpus_tuner.indexes.search.snippets import Snippet
from corpus_tuner.integrations.common import convert_hit, open_searcher
from tests.conftest import make_documents, write_jsonl
from tests.integrations.conftest import CHOSEN, QUERY, UNITS


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


def make_hit(metadata: dict[str, Any], page: int | None = None) -> Hit:
    document = Document("d", "Mills", "One. It grinds. Two.", metadata)
    view = View("d", "passage", "It grinds.")
    snippet = Snippet("It grinds.", 5, 15, page, ("Wheels",))
    return Hit(HitContents(document, view, snippet), 1, 2.0, None, {}, ("copy",))


def test_a_hit_is_a_document_or_a_passage() -> None:
    hit = make_hit({"year": 1850}, page=3)
    whole, part = convert_hit(hit, "documents"), convert_hit(hit, "passages")
    assert (whole.id, whole.text) == ("d", "One. It grinds. Two.")
    assert (part.id, part.text) == ("d#char=5,15", "It grinds.")
    assert whole.metadata == part.metadata
    assert whole.metadata["page_label"] == "3"
    assert whole.metadata["corpus_tuner"]["title"] == "Mills"
    assert whole.metadata["corpus_tuner"]["similar"] == ["copy"]
    assert whole.metadata["corpus_tuner"]["headings"] == ["Wheels"]
    assert "page_label" not in convert_hit(make_hit({}), "passages").metadata


def test_metadata_of_the_document_come_first() -> None:
    own = {"corpus_tuner": "mine", "page_label": "iv"}
    assert convert_hit(make_hit(own, page=4), "documents").metadata == own


def test_an_open_index_stays_as_it_is(searcher: Searcher, tmp_path: Path) -> None:
    assert open_searcher(searcher) is searcher
    with pytest.raises(SearchIndexError, match="is not an index"):
        open_searcher(tmp_path / "nothing")
