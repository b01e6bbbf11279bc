"""A plan: which rankers search, with which weights."""

from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from tests.indexes.indexing import Table, encoded, write_index


def test_no_words_no_lexical_search(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        assert list(searcher.rank(["mill"])) == [[("d0", 3.0)]]
        with pytest.raises(SearchIndexError, match="no words to search in lexical mode"):
            searcher.rank(["mill"], mode="lexical")
