"""A teacher ranks as its index does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import Searcher, SearchSettings
from corpus_tuner.tuning.encoder.teacher import Teacher
from tests.conftest import edit_manifest
from tests.indexes.indexing import build_index
from tests.rerankers.shortest import use_shortest


@pytest.mark.parametrize("reranked", [False, True])
def test_scores_are_those_of_hybrid_search(
    tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch, reranked: bool
) -> None:
    model = use_shortest(monkeypatch)
    index = build_index(tmp_path, encoder, 30)
    if reranked:
        search = {"hybrid": {"reranker": 1.0}, "reranker": {"name": "m", "seconds": 1e-9}}
        edit_manifest(index, search=SearchSettings.model_validate(search).model_dump())
    with Searcher.open(index, encoder=encoder) as searcher:
        (ranked,) = Teacher(searcher).rank(["the old mill"])
        (expected,) = searcher.rank(["the old mill"], 50)
        ids = searcher.segments.read_ids(np.array([*ranked]))
        assert dict(zip(ids, ranked.values(), strict=True)) == dict(expected)
    assert bool(model.read) == reranked
