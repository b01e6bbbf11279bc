"""The retriever for LlamaIndex."""

import asyncio
from typing import Any

import pytest

from corpus_tuner import (
    Searcher,
)
from tests.integrations.conftest import QUERY, UNITS, check


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
