"""Settings of corpora."""

import pytest

from corpus_tuner.corpora import CorpusSettings


def test_an_encoding_that_is_none() -> None:
    with pytest.raises(ValueError, match="is no encoding"):
        CorpusSettings(encoding="base64")
