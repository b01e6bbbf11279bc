"""The retriever for Haystack, in a pipeline that is saved and loaded."""

import asyncio
from typing import Any

import pytest

from corpus_tuner import (
    Searcher,
)
from tests.integrations.conftest import QUERY, UNITS, check


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
