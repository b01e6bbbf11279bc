"""idf weights of tokens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.encoder.token_weights import compute_idf, weigh_tokens


@pytest.mark.slow
def test_without_training_rare_tokens_weigh_more(
    tune: Callable[..., Any], corpus: Path, encoder_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "weighed"
    done = tune(output, "--json", "--set", "steps=0")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["steps"], report["best_step"], report["weighed"]) == (0, 0, True)
    assert set(report["verdict"]["by_share"]) == {"0.0"}
    held_out = set(report["held_out"])
    documents = [
        Document(one["_id"], one["title"], one["text"])
        for one in map(json.loads, corpus.read_text(encoding="utf-8").splitlines())
    ]
    learnt = [get_full_text(one) for one in documents if compute_digest(one) not in held_out]
    assert len(learnt) == 45
    base, weighed = (
        SentenceTransformer(str(folder), device="cpu") for folder in (encoder_folder, output)
    )
    texts = [learnt[0], "the river mill", "", "the the the bridge4"]
    expected = []
    for text in texts:
        (tokens,) = base.tokenizer([text], truncation=True, max_length=48)["input_ids"]
        states = base.encode(text, output_value="token_embeddings").numpy()
        having = [sum(t in base.tokenizer(one)["input_ids"] for one in learnt) for t in tokens]
        weights = 1 + np.log(46 / (1 + np.array(having)))
        expected.append(weights @ states / np.linalg.norm(weights @ states))
    np.testing.assert_allclose(
        weighed.encode(texts, normalize_embeddings=True), expected, atol=1e-5
    )
    again = tune(output, "--set", "steps=6")
    assert "has another tuning" in again.err
    for problem, name, value in (
        ("nothing is tuned", "token_weights", "base"),
        ("finds no such GPU", "device", "cuda:9"),
    ):
        refused = tune(tmp_path / "nothing", "--set", "steps=0", **{name: value})
        assert refused.code == 2
        assert problem in " ".join(refused.err.split())
    twice = tune(tmp_path / "nothing", "--set", "steps=0", "--encoder", output)
    assert "weighed in it already" in " ".join(twice.err.split())
    assert not (tmp_path / "nothing").exists()


def test_idf_is_that_of_scikit_learn(tokenizer: Any) -> None:
    texts = ["river mill", "river river", "wheat"]
    weights = compute_idf(tokenizer, texts)
    idf = dict(zip(tokenizer.convert_ids_to_tokens(range(len(tokenizer))), weights, strict=True))
    for word, documents in (("river", 2), ("mill", 1), ("bread", 0), ("[CLS]", 3)):
        assert idf[word] == pytest.approx(1 + np.log(4 / (1 + documents)))


def test_tokens_are_weighed_once(encoder_folder: Path) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    assert weigh_tokens(model, ["the river mill"])
    assert not weigh_tokens(model, ["the river mill"])
    assert not any(weight.requires_grad for weight in model[1].parameters())
