"""Loss of an encoder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.tuning.encoder.losses import RankingLoss

SCORES = torch.tensor([[2.0, 1.9, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])


@pytest.fixture
def loss(encoder_folder: Path) -> RankingLoss:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    return RankingLoss(model, EncoderTuningSettings(dtype="float32"), 0.5)


def test_what_may_answer_is_no_negative(loss: RankingLoss, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    queries, passages = torch.tensor(rng.normal(size=(2, 3, 8)), dtype=torch.float32)
    similarities = 20 * normalize(queries) @ normalize(passages).T
    teacher = (SCORES / 0.5).log_softmax(1)
    distillation = (teacher.exp() * (teacher - similarities.log_softmax(1))).sum(1).mean()
    similarities[0, 1] = -torch.inf  # scores 1.9 where its own has 2.0
    contrastive = -similarities.log_softmax(1).diagonal().mean()
    found = float(loss.compare(queries, passages, SCORES))
    assert found == pytest.approx(float(contrastive + distillation), abs=1e-4)
    monkeypatch.setattr(EncoderTuningSettings, "margin", 0.05)
    assert float(loss.compare(queries, passages, SCORES)) > found


def test_the_loss_of_texts_is_that_of_their_vectors(loss: RankingLoss) -> None:
    loss.model.eval()
    texts = (["mill", "rent", "bees"], ["The mill grinds.", "A tenant pays.", "Bees swarm."])
    features = [loss.model.tokenize(column) for column in texts]
    queries, passages = (torch.tensor(loss.model.encode(column)) for column in texts)
    expected = float(loss.compare(queries, passages, SCORES))
    assert loss(features, SCORES).item() == pytest.approx(expected, abs=1e-4)
