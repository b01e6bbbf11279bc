"""Encoders that CTranslate2 runs: the same vectors, without PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from corpus_tuner.core.cache import find_cached
from corpus_tuner.encoders import EncoderSettings, ctranslate2_encoder, open_encoder
from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder
from corpus_tuner.errors import SearchIndexError
from tests.encoders.conftest import QUERIES, make_model


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_first_dimensions(tmp_path: Path, tokenizer: Any, pooling: str) -> None:
    model = make_model(tmp_path, tokenizer, "Bert", pooling)
    reference = SentenceTransformer(str(model), device="cpu", truncate_dim=8)
    expected = reference.encode(QUERIES, normalize_embeddings=True)
    settings = EncoderSettings(name=str(model), dimensions=8, dtype="float32")
    loaded = SentenceTransformerEncoder(settings)
    assert loaded.dimension == 8
    assert loaded.encode_queries(QUERIES) == pytest.approx(expected, abs=1e-5)
    assert loaded.encode_documents(QUERIES) == pytest.approx(expected, abs=1e-5)
    fast = ctranslate2_encoder.find_encoder(settings, loaded.fingerprint)
    assert fast is not None
    assert fast.encode_queries(QUERIES) == pytest.approx(expected, abs=1e-5)
    assert (
        loaded.fingerprint
        != SentenceTransformerEncoder(EncoderSettings(name=str(model))).fingerprint
    )
    for name in (str(model), "builtin"):
        with pytest.raises(SearchIndexError, match=r"encoder\.dimensions is 999, and the vectors"):
            open_encoder(EncoderSettings(name=name, dimensions=999))


@pytest.mark.parametrize("dtype", ["auto", "float32"])
def test_documents_are_read_alike(tmp_path: Path, tokenizer: Any, dtype: str) -> None:
    model = make_model(tmp_path, tokenizer, "Bert", "mean")
    settings = EncoderSettings.model_validate(
        {"name": str(model), "query_prompt": "river: ", "dtype": dtype, "max_tokens": 40}
    )
    whole = open_encoder(settings)
    texts = [*QUERIES, "  wheat"]
    spans = [[(0, 5), (2, 9)]] * len(texts)
    vectors = whole.encode_spans(texts, spans)
    quick = open_encoder(settings, whole.fingerprint)
    assert isinstance(quick, ctranslate2_encoder.CTranslate2Encoder)
    assert np.array_equal(np.concatenate(quick.encode_spans(texts, spans)), np.concatenate(vectors))
    assert np.array_equal(quick.encode_documents(texts), whole.encode_documents(texts))
    assert quick.count_tokens(texts) == whole.count_tokens(texts)
    assert quick.find_token_ends(QUERIES[3]) == whole.find_token_ends(QUERIES[3])
    for name in ("max_tokens", "pools_spans", "dimension", "fingerprint"):
        assert getattr(quick, name) == getattr(whole, name)


def test_limits_of_the_embedded_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    with pytest.raises(SearchIndexError, match="512 positions"):
        open_encoder(EncoderSettings(max_tokens=513))
    with pytest.raises(SearchIndexError, match="only 3 tokens"):
        open_encoder(EncoderSettings(max_tokens=5))
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_device_that_is_named_reads_the_queries(encoder_folder: Path) -> None:
    whole = open_encoder(EncoderSettings(name=str(encoder_folder)))
    whole.encode_queries(QUERIES)
    name = str(encoder_folder)
    assert ctranslate2_encoder.find_query_encoder(
        EncoderSettings(name=name, device="cpu"), whole.fingerprint
    )
    assert (
        ctranslate2_encoder.find_query_encoder(
            EncoderSettings(name=name, device="cuda"), whole.fingerprint
        )
        is None
    )


def test_a_damaged_copy_is_made_again(tmp_path: Path, tokenizer: Any) -> None:
    settings = EncoderSettings(name=str(make_model(tmp_path, tokenizer, "Bert", "mean")))
    whole = open_encoder(settings)
    vectors = whole.encode_queries(QUERIES)
    folder = find_cached(
        ctranslate2_encoder.get_export_name(settings.name, whole.fingerprint, "int8")
    )
    assert folder
    weights = folder / "model.bin"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint) is None
    assert np.array_equal(open_encoder(settings).encode_queries(QUERIES), vectors)
    assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint)
