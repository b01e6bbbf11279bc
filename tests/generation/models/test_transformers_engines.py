"""Language models run by transformers."""

from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.generators.seq2seq import Settings
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.models.transformers_engines import _make_sampler
from tests.generation.decoders import ASK, KINDS, READINGS, open_causal


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (3, 1.0), (0, 0.5)])
def test_noise_samples_what_the_probabilities_say(top_k: int, top_p: float) -> None:
    scores = torch.tensor([[2.0, 1.0, 0.5, 0.0, -1.0]])
    settings = Settings(
        outputs=4000,
        temperature=1.5,
        top_p=top_p,
        top_k=top_k,
        no_repeat_ngram=0,
        max_new_tokens=1,
        batch_size=1,
    )
    steps = _make_sampler([7], settings, torch.device("cpu"))
    remaining = scores
    for step in steps[:-1]:
        remaining = step(torch.zeros(1, 1, dtype=torch.long), remaining)
    drawn = steps(torch.zeros(4000, 1, dtype=torch.long), scores.repeat(4000, 1)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=5) / 4000
    assert torch.allclose(shares, remaining.softmax(dim=1)[0], atol=0.03)
    assert ((shares > 0) == (remaining[0] > -torch.inf)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_likeliest_answer_is_that_of_the_library(models: dict[str, Path], kind: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    generator = open_causal(models[kind], decoding="beam", engine="transformers")
    written = generator.generate(READINGS, ASK)
    model = AutoModelForCausalLM.from_pretrained(models[kind], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(models[kind])
    for reading, own in zip(READINGS, written, strict=True):
        prompt, _ = generator._prompts.make(reading.document, ASK)
        answer = model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)
        text = tokenizer.decode(answer[0, len(prompt) :], skip_special_tokens=True)
        assert own.texts == ((" ".join(text.split()),) if text.strip() else ())


@pytest.mark.parametrize("kind", KINDS)
def test_samples_depend_on_the_document_only(models: dict[str, Path], kind: str) -> None:
    generator = open_causal(models[kind], outputs=3, temperature=2.0)
    together = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == together[::-1]
    assert generator.generate(READINGS[:1], ASK) == together[:1]
    assert len(together[0].texts) > 1
    assert open_causal(models[kind], outputs=3, temperature=2.0, seed=1).generate(
        READINGS, ASK
    ) != (together)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoding", ["sampling", "beam"])
def test_padding_changes_nothing(models: dict[str, Path], kind: str, decoding: str) -> None:
    """As on a GPU, where prompts of unlike lengths share a pass."""
    chosen = {"decoding": decoding, "outputs": 2, "beams": 2, "engine": "transformers"}
    generator = open_causal(models[kind], **chosen)
    engine, how = generator._engine, generator._settings
    requests = [
        _request(generator, Document("d", "", "wheat " * count), number)
        for number, count in enumerate((1, 7, 3))
    ]
    separate = [answer for one in requests for answer in engine._answer([one], how)]
    together = engine._answer(requests, how)
    texts = [[generator._read_answer(answer) for answer in some] for some in (separate, together)]
    assert texts[0] == texts[1]


def _request(generator: Any, document: Document, seed: int) -> Any:
    return Request(generator._prompts.make(document, ASK)[0], seed)
