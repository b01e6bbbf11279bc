"""Models that PyTorch runs: precision, pooling and further layers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner.encoders import EncoderSettings, open_encoder
from tests.encoders.conftest import TEXTS, make_model


def test_half_precision_stays_near(encoder_folder: Path) -> None:
    whole = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="float32"))
    half = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="bfloat16"))
    near = np.sum(whole.encode_documents(TEXTS) * half.encode_documents(TEXTS), axis=1)
    assert 0.99 < near.min() < 1 - 1e-7
    assert np.array_equal(whole.encode_queries(TEXTS), half.encode_queries(TEXTS))
    assert whole.fingerprint == half.fingerprint


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_modernbert_with_a_layer_on_top_is_read_as_its_library_does(
    tmp_path: Path, tokenizer: Any, pooling: str
) -> None:
    """Pooling, prompts and further layers are the model's own, also where PyTorch reads it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    made = SentenceTransformer(
        str(make_model(tmp_path, tokenizer, "ModernBert", pooling)), device="cpu"
    )
    made.append(Dense(32, 48))
    made.prompts = {"query": "river: ", "document": ""}
    made.save(str(tmp_path / "whole"))
    ours = open_encoder(EncoderSettings(name=str(tmp_path / "whole"), dtype="float32"))
    texts = ["The mill by the river", "wheat"]
    assert ours.dimension == 48
    np.testing.assert_allclose(
        ours.encode_queries(texts),
        made.encode(texts, prompt_name="query", normalize_embeddings=True),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        ours.encode_documents(texts), made.encode(texts, normalize_embeddings=True), atol=1e-5
    )
