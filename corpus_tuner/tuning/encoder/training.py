"""Training by sentence-transformers, resumable at every evaluation with held-out documents."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import SequentialSampler
from transformers.trainer_callback import PrinterCallback

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.core.progress import Meter
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.training import find_checkpoint, list_arguments, make_optimizer

_TIMED_STEPS = 2
Curve = list[dict[str, float]]
"""The ``loss`` of every step, the ``ndcg`` of every evaluation."""


class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """Trainer of an encoder on examples in their order; `evaluate` returns nDCG@10."""

    def __init__(
        self,
        model: SentenceTransformer,
        rows: Sequence[dict[str, Any]],
        loss: RankingLoss,
        settings: EncoderTuningSettings,
        steps: int,
        folder: Path,
        evaluate: Callable[[], float],
    ) -> None:
        self._measure = evaluate
        self._folder = folder
        disable_progress_bar()
        dataset = Dataset.from_list(list(rows))
        every = max(1, -(-steps // settings.evaluations))
        arguments = Arguments(
            **list_arguments(model, folder, steps, every, settings),
            per_device_train_batch_size=settings.batch_size,
            batch_sampler=_sample_in_order,
            metric_for_best_model="ndcg",
            greater_is_better=True,
        )
        optimizer = make_optimizer(model, settings)
        warmup = max(1, round(steps * settings.warmup))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda done: min((done + 1) / warmup, (steps - done) / max(1, steps - warmup)),
        )
        super().__init__(
            model,
            arguments,
            train_dataset=dataset,
            eval_dataset=dataset.select(range(1)),  # the library requires one; `evaluate` does not
            loss=loss,
            optimizers=(optimizer, schedule),
        )
        self.remove_callback(PrinterCallback)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Leave out the library's model card."""

    def fit(self) -> Curve:
        """Train, or resume, and load the weights of the best evaluation."""
        resumed = None
        if checkpoint := find_checkpoint(self._folder):
            resumed, self.state = checkpoint
        with Meter("tuning", lambda: self.args.max_steps, self.state.global_step, "steps") as meter:
            self._meter = meter
            if self.state.global_step < self.args.max_steps:
                self.train(resume_from_checkpoint=resumed)
        best = self._folder / f"checkpoint-{self.state.best_global_step}"
        if best.is_dir():
            self._load_from_checkpoint(str(best))
        return [row for row in self.state.log_history if "loss" in row or "ndcg" in row]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the loss of a step."""
        if "loss" not in logs:
            return
        loss = round(float(logs["loss"]), 5)
        if loss != loss:
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step}: lower learning_rate"
            )
        self._meter.advance(1, f"loss {loss:.3f}")
        self.state.log_history.append({"step": self.state.global_step, "loss": loss})

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the model with pseudo-queries of held-out documents."""
        step = self.state.global_step
        values = {row["step"]: row["ndcg"] for row in self.state.log_history if "ndcg" in row}
        if step not in values:  # the library calls twice where training ends with an evaluation
            self.model.eval()
            values[step] = round(self._measure(), 5)
            self.state.log_history.append({"step": step, "ndcg": values[step]})
        return {"eval_ndcg": values[step]}


def count_steps(minutes: float, loss: RankingLoss, rows: Sequence[dict[str, Any]]) -> int:
    """Return the number of steps that fit into some minutes, by timing a few without an update."""
    model = loss.model
    columns = [name for name in rows[0] if name != "label"]
    labels = torch.tensor([row["label"] for row in rows], device=model.device)
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        features = [
            {
                name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                for name, value in model.tokenize([row[column] for row in rows]).items()
            }
            for column in columns
        ]
        loss(features, labels).backward()
        model.zero_grad(set_to_none=True)
    seconds = (time.perf_counter() - start) / _TIMED_STEPS
    return max(1, int(60 * minutes / seconds))


def _sample_in_order(
    dataset: Any, batch_size: int, drop_last: bool, **_: Any
) -> DefaultBatchSampler:
    return DefaultBatchSampler(SequentialSampler(dataset), batch_size, drop_last)
