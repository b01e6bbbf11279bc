"""Loss of an encoder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.tuning.encoder.losses import RankingLoss


def test_what_may_answer_is_no_negative(
    encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    rng = np.random.default_rng(0)
    columns = [[torch.tensor(rng.normal(size=(3, 8)), dtype=torch.float32)] for _ in range(2)]
    scores = torch.tensor([[2.0, 1.9, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])

    def loss() -> float:
        how = EncoderTuningSettings(distillation=1e-9)
        return float(RankingLoss(model, how, 1.0).calculate_loss(columns, scores))

    queries, passages = (column[0] for column in columns)
    found = 20 * torch.nn.functional.normalize(queries) @ torch.nn.functional.normalize(passages).T
    found[0, 1] = -torch.inf  # scores 1.9 where its own has 2.0
    assert loss() == pytest.approx(float(-found.log_softmax(1).diagonal().mean()), abs=1e-4)
    before = loss()
    monkeypatch.setattr(EncoderTuningSettings, "margin", 0.05)
    assert loss() > before


def test_without_a_teacher_the_loss_is_the_cross_entropy_of_the_batch(encoder_folder: Path) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    settings = EncoderTuningSettings(distillation=0, negatives=0)
    same = [[torch.eye(4)], [torch.eye(4)]]
    loss = RankingLoss(model, settings, 1.0)
    expected = np.log(np.exp(20) + 3) - 20  # cosines are 1 and 0, the scale is 20
    assert float(loss.calculate_loss(same, torch.zeros(4, 1))) == pytest.approx(expected, abs=1e-6)
    swapped = [[torch.eye(4)], [torch.eye(4).flip(0)]]
    assert float(loss.calculate_loss(swapped, torch.zeros(4, 1))) == pytest.approx(20, abs=1e-3)


def test_other_texts_are_bound_to_the_vectors_of_the_base(encoder_folder: Path) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    settings = EncoderTuningSettings(distillation=0, negatives=0, memory=10)
    loss = RankingLoss(model, settings, 1.0)

    def calculate(others: torch.Tensor) -> float:
        labels = torch.cat([torch.zeros(4, 1), torch.eye(4)], dim=1)
        return float(loss.calculate_loss([[torch.eye(4)], [torch.eye(4)], [others]], labels))

    assert calculate(torch.eye(4)) < 1e-6 < calculate(torch.eye(4).flip(0))
