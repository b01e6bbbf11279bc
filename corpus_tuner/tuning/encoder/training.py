"""Training by sentence-transformers, evaluated with held-out documents."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.util import batch_to_device
from torch.utils.data import SequentialSampler

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.tuning.encoder.held_out import HeldOutEvaluation
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.training import Curve, list_arguments, run

_TIMED_STEPS = 2


def train(
    model: SentenceTransformer,
    rows: Sequence[dict[str, Any]],
    loss: RankingLoss,
    settings: EncoderTuningSettings,
    steps: int,
    folder: Path,
    evaluation: HeldOutEvaluation,
) -> Curve:
    """Train on rows in their order; the model has the weights of the best evaluation."""
    disable_progress_bar()
    arguments = Arguments(
        **list_arguments(model, folder, steps, settings),
        per_device_train_batch_size=settings.batch_size,
        batch_sampler=_sample_in_order,
        metric_for_best_model="ndcg",
        greater_is_better=True,
    )
    trainer = _Trainer(
        model,
        arguments,
        train_dataset=Dataset.from_list(list(rows)),
        loss=loss,
        evaluator=evaluation,
    )
    return run(trainer, folder)


class _Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Leave out the library's model card."""


def count_steps(minutes: float, loss: RankingLoss, rows: Sequence[dict[str, Any]]) -> int:
    """Return the number of steps that fit into some minutes, by timing a few without an update."""
    model = loss.model
    labels = torch.tensor([row["label"] for row in rows], device=model.device)
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        columns = [[row[name] for row in rows] for name in ("query", "passage")]
        features = [batch_to_device(model.tokenize(column), model.device) for column in columns]
        loss(features, labels).backward()
        model.zero_grad(set_to_none=True)
    seconds = (time.perf_counter() - start) / _TIMED_STEPS
    return max(1, int(60 * minutes / seconds))


def _sample_in_order(
    dataset: Any, batch_size: int, drop_last: bool, **_: Any
) -> DefaultBatchSampler:
    return DefaultBatchSampler(SequentialSampler(dataset), batch_size, drop_last)
