"""Encoder-decoders run by transformers."""

import pytest
import torch

from corpus_tuner.generation.generators.seq2seq import Settings
from corpus_tuner.generation.models.seq2seq_transformers import make_sampler


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
    steps = make_sampler([7], settings, torch.device("cpu"))
    remaining = scores
    for step in steps[:-1]:
        remaining = step(torch.zeros(1, 1, dtype=torch.long), remaining)
    drawn = steps(torch.zeros(4000, 1, dtype=torch.long), scores.repeat(4000, 1)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=5) / 4000
    assert torch.allclose(shares, remaining.softmax(dim=1)[0], atol=0.03)
    assert ((shares > 0) == (remaining[0] > -torch.inf)).all()
