"""Training of an encoder, and resuming it."""

import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.encoder.training import count_steps


@pytest.mark.slow
def test_a_killed_tuning_ends_with_the_same_weights(
    tune: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    monkeypatch.setattr("corpus_tuner.tuning.encoder.tune._collect_garbage", lambda output: None)
    assert tune(whole).code == 0
    shutil.copytree(whole, killed)
    for file in ("tuning.json", "model.safetensors"):
        (killed / file).unlink()
    shutil.rmtree(killed / "checkpoint" / "checkpoint-6")  # it was killed before the last look
    assert tune(killed).code == 0
    for file in ("curve.jsonl", "model.safetensors"):
        assert (whole / file).read_bytes() == (killed / file).read_bytes()


def test_steps_are_as_many_as_fit_into_the_minutes(
    encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    rows = [{"query": "mill", "passage": "The mill grinds.", "label": [1.0, 0.0]}] * 2
    loss = RankingLoss(model, EncoderTuningSettings(), 1.0)
    clock = cycle([0.0, 6.0])  # two steps take six seconds
    monkeypatch.setattr("corpus_tuner.tuning.encoder.training.time.perf_counter", clock.__next__)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert count_steps(1, loss, rows) == 20
    assert count_steps(0.001, loss, rows) == 1
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
