"""Export of a BERT without PyTorch."""

import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

from corpus_tuner.encoders import EncoderSettings, ctranslate2_encoder, embedded, open_encoder
from corpus_tuner.encoders.bert import export_bert
from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder
from tests.encoders.conftest import QUERIES


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"query_prompt": "a: ", "max_tokens": 30}])
def test_the_embedded_encoder_is_converted_without_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    settings = EncoderSettings.model_validate({"name": "builtin", "dtype": "float32", **changes})
    encoder = open_encoder(settings)
    assert isinstance(encoder, ctranslate2_encoder.CTranslate2Encoder)
    reference = SentenceTransformerEncoder(settings.model_copy(update={"device": "cpu"}))
    assert encoder.fingerprint == reference.fingerprint
    assert encoder.max_tokens == reference.max_tokens
    assert encoder.pools_spans == reference.pools_spans
    original = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    original.max_seq_length = changes.get("max_tokens", original.max_seq_length)
    prompted = [changes.get("query_prompt", "") + query for query in QUERIES]
    for ours, theirs in (
        (encoder.encode_queries(QUERIES), original.encode(prompted)),
        (encoder.encode_documents(QUERIES), original.encode(QUERIES)),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("compute_type", ["float32", "int8"])
def test_the_states_are_those_of_transformers(tmp_path: Path, compute_type: str) -> None:
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = BertModel(BertConfig(vocab_size=40, intermediate_size=64, **sizes)).eval()
    model.save_pretrained(tmp_path / "model")
    (tmp_path / "exported").mkdir()
    vocabulary = [f"token{number}" for number in range(40)]
    export_bert(tmp_path / "model", vocabulary, tmp_path / "exported", compute_type)
    encoder = ctranslate2.Encoder(str(tmp_path / "exported"), compute_type=compute_type)
    ids = [3, 17, 39, 0, 5]
    states = np.array(encoder.forward_batch([ids]).last_hidden_state)
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).last_hidden_state.numpy()
    np.testing.assert_allclose(states, expected, atol=1e-5 if compute_type == "float32" else 0.2)


def test_a_model_that_lacks_weights_is_not_exported(tmp_path: Path) -> None:
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "layer_norm_eps": 1e-12}
    (tmp_path / "config.json").write_text(json.dumps(sizes), encoding="utf-8")
    weights = {"embeddings.word_embeddings.weight": np.zeros((4, 8), np.float32)}
    save_file(weights, tmp_path / "model.safetensors")
    (tmp_path / "exported").mkdir()
    with pytest.raises(KeyError, match="token_type_embeddings"):
        export_bert(tmp_path, list("abcd"), tmp_path / "exported", "float32")
    assert list((tmp_path / "exported").iterdir()) == []
