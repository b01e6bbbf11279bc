"""Export to CTranslate2: the same vectors, or no export at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from corpus_tuner.encoders import EncoderSettings, ctranslate2_encoder, open_encoder
from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder, load_model
from corpus_tuner.encoders.torch_model import TorchModel
from corpus_tuner.errors import SearchIndexError
from tests.encoders.conftest import QUERIES, encode_by_library, make_model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "pooling"),
    [
        *(("Bert", "mean"), ("Bert", "cls"), ("Camembert", "mean")),
        *(("DistilBert", "cls"), ("Roberta", "mean"), ("XLMRoberta", "cls")),
    ],
)
def test_the_same_vectors(tmp_path: Path, tokenizer: Any, kind: str, pooling: str) -> None:
    model = make_model(tmp_path, tokenizer, kind, pooling)
    # Documents are for PyTorch then, and queries in float32.
    settings = EncoderSettings(name=str(model), query_prompt="river: ", dtype="bfloat16")
    whole = open_encoder(settings)
    vectors = whole.encode_queries(QUERIES)
    np.testing.assert_allclose(vectors, encode_by_library(model, "river: "), atol=1e-5)
    quick = ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint)
    assert quick
    assert (quick.name, quick.dimension) == (str(model), 32)
    assert np.array_equal(quick.encode_queries(QUERIES), vectors)
    assert quick.encode_queries([]).shape == (0, 32)
    with pytest.raises(SearchIndexError, match="for queries only"):
        quick.encode_documents(QUERIES)


def test_weighted_tokens(tmp_path: Path, tokenizer: Any) -> None:
    from sentence_transformers.sentence_transformer.modules import Normalize, WordWeights

    model = make_model(tmp_path, tokenizer, "Bert", "mean")
    parts = list(SentenceTransformer(str(model), device="cpu"))
    names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    weights = dict(zip(names, np.random.default_rng(0).uniform(0, 5, len(names)), strict=True))
    weighted = tmp_path / "weighted"
    modules = [parts[0], WordWeights(names, weights), parts[1], Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(weighted))
    settings = EncoderSettings(name=str(weighted), query_prompt="river: ", dtype="float32")
    whole = SentenceTransformerEncoder(settings.model_copy(update={"device": "cpu"}))
    plain = SentenceTransformerEncoder(settings.model_copy(update={"name": str(model)}))
    assert whole.fingerprint != plain.fingerprint
    assert whole.pools_spans
    expected = encode_by_library(weighted, "river: ")
    quick = ctranslate2_encoder.find_encoder(settings, whole.fingerprint)
    assert quick is None  # not before it has read
    np.testing.assert_allclose(whole.encode_queries(QUERIES), expected, atol=1e-5)
    whole.encode_documents(QUERIES)
    quick = ctranslate2_encoder.find_encoder(settings, whole.fingerprint)
    assert quick is not None
    np.testing.assert_allclose(quick.encode_queries(QUERIES), expected, atol=1e-5)
    spans = [[(0, 5), (2, 9)]] * len(QUERIES)
    reader = TorchModel(load_model(settings), "", "float32", 8)
    for ours, reference in zip(
        quick.encode_spans(QUERIES, spans), reader.encode(QUERIES, spans), strict=True
    ):
        reference /= np.linalg.norm(reference, axis=1, keepdims=True)
        np.testing.assert_allclose(ours, reference, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "pooling", "pad"),
    [
        ("Bert", "max", "torque"),  # another pooling
        ("MPNet", "mean", "torque"),  # another transformer
        ("Roberta", "mean", "[PAD]"),  # its positions are taken for others
    ],
)
def test_what_would_not_be_the_same_is_not_used(
    tmp_path: Path, tokenizer: Any, kind: str, pooling: str, pad: str
) -> None:
    model = make_model(tmp_path, tokenizer, kind, pooling, pad)
    settings = EncoderSettings(name=str(model))
    for _ in range(2):
        whole = open_encoder(settings)
        np.testing.assert_allclose(
            whole.encode_queries(QUERIES), encode_by_library(model), atol=1e-5
        )
        assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint) is None
