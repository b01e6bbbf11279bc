"""Models that CTranslate2 runs: vectors that do not depend on the batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.ctranslate2_model import TOKENIZER, CTranslate2Model, ModelConfig
from corpus_tuner.errors import SearchIndexError
from tests.encoders.conftest import TEXTS


def test_texts_do_not_depend_on_each_other(encoder_folder: Path) -> None:
    texts = ["wheat", "mill", "the river", "by the river", "the mill river wheat", "mill"] * 20
    whole = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="int8"))
    together = whole.encode_documents(texts)
    assert np.array_equal(together[::-1], whole.encode_documents(texts[::-1]))
    assert np.array_equal(
        together[:6], np.concatenate([whole.encode_documents([t]) for t in texts[:6]])
    )


def test_int8_stays_near(encoder_folder: Path) -> None:
    exact = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="float32"))
    quick = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="int8"))
    near = np.sum(exact.encode_documents(TEXTS[:1]) * quick.encode_documents(TEXTS[:1]), axis=1)
    assert 0.98 < near.min() < 1 - 1e-7
    assert exact.fingerprint == quick.fingerprint


def test_a_tokenizer_without_truncation_is_damaged(tmp_path: Path, tokenizer: Any) -> None:
    tokenizer.backend_tokenizer.save(str(tmp_path / TOKENIZER))
    config = ModelConfig(
        pooling="mean", query_prompt="", document_prompt="", dimension=32, max_tokens=40
    )
    with pytest.raises(SearchIndexError, match="it has no truncation"):
        CTranslate2Model(tmp_path, "int8", config)


def test_queries_and_documents_share_a_model(encoder_folder: Path) -> None:
    whole = open_encoder(EncoderSettings(name=str(encoder_folder), query_prompt="river: "))
    queries = whole.encode_queries(TEXTS[:2])
    documents = whole.encode_documents([f"river: {text}" for text in TEXTS[:2]])
    assert np.array_equal(queries, documents)
