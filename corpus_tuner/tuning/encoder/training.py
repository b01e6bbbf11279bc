"""Training by sentence-transformers, resumable at every look at the held-out documents."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import SequentialSampler
from transformers.trainer_callback import PrinterCallback, TrainerState

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.core.progress import Meter
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.tuning.encoder.losses import Objective

_PROBED = 2  # steps whose pace tells how many there are
Curve = list[dict[str, float]]
"""For every step its ``loss``, for every look at the held-out documents their ``found``."""


class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """Trains an encoder on examples, in their order.

    Parameters
    ----------
    model
        What learns.
    rows
        The examples.
    objective
        The loss.
    settings
        How to train.
    steps
        Updates of the weights.
    folder
        Holds the checkpoints.
    look
        Measures the model with the documents that were held out.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        rows: Dataset,
        objective: Objective,
        settings: EncoderTuningSettings,
        steps: int,
        folder: Path,
        look: Callable[[], float],
    ) -> None:
        self._look = look
        self._folder = folder
        every = max(1, -(-steps // settings.looks))
        arguments = Arguments(
            output_dir=str(folder),
            max_steps=steps,
            per_device_train_batch_size=settings.batch_size,
            max_grad_norm=settings.clip,
            batch_sampler=_in_order,
            eval_strategy="steps",
            eval_steps=every,
            save_steps=every,
            save_total_limit=2,
            metric_for_best_model="found",
            greater_is_better=True,
            logging_steps=1,
            logging_nan_inf_filter=False,
            log_level="error",
            disable_tqdm=True,
            report_to=[],
            use_cpu=model.device.type == "cpu",
            seed=settings.seed,
        )
        optimizer = torch.optim.AdamW(
            [weight for weight in model.parameters() if weight.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        rising = max(1, round(steps * settings.warmup))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda done: min((done + 1) / rising, (steps - done) / max(1, steps - rising)),
        )
        super().__init__(
            model,
            arguments,
            train_dataset=rows,
            eval_dataset=rows.select(range(1)),  # the library asks for one; `evaluate` does not
            loss=objective,
            optimizers=(optimizer, schedule),
        )
        self.remove_callback(PrinterCallback)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Leave the card to us."""

    def fit(self) -> Curve:
        """Train, or go on with it, and keep the weights that found the most."""
        last = self._last_checkpoint()
        with Meter("tuning", lambda: self.args.max_steps, self.state.global_step, "steps") as meter:
            self._meter = meter
            if self.state.global_step < self.args.max_steps:
                self.train(resume_from_checkpoint=last)
        best = self._folder / f"checkpoint-{self.state.best_global_step}"
        if best.is_dir():
            self._load_from_checkpoint(str(best))
        return [row for row in self.state.log_history if "loss" in row or "found" in row]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the loss of a step."""
        if "loss" not in logs:
            return
        loss = round(float(logs["loss"]), 5)
        if loss != loss:
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step}: lower "
                "encoder_tuning.learning_rate"
            )
        self._meter.advance(1, f"loss {loss:.3f}")
        self.state.log_history.append({"step": self.state.global_step, "loss": loss})

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Look for the held-out documents."""
        step = self.state.global_step
        looks = {row["step"]: row["found"] for row in self.state.log_history if "found" in row}
        if step not in looks:  # the library asks twice where training ends with a look
            self.model.eval()
            looks[step] = round(self._look(), 5)
            self.state.log_history.append({"step": step, "found": looks[step]})
        return {"eval_found": looks[step]}

    def _last_checkpoint(self) -> str | None:
        """Return the last checkpoint that was written to its end, and take its state."""
        states = self._folder.glob("checkpoint-*/trainer_state.json")
        for state in sorted(states, key=lambda file: int(file.parent.name[11:]), reverse=True):
            with suppress(ValueError):  # of one that a kill cut short
                self.state = TrainerState.load_from_json(str(state))
                return str(state.parent)
        return None


def steps_in(minutes: float, objective: Objective, rows: Sequence[dict[str, Any]]) -> int:
    """Return how many steps there are in so many minutes, by the pace of a few that teach nothing.

    Parameters
    ----------
    minutes
        Of training.
    objective
        The loss, with its model.
    rows
        Of one step.
    """
    model = objective.model
    columns = [name for name in rows[0] if name != "label"]
    labels = torch.tensor([row["label"] for row in rows], device=model.device)
    started = time.perf_counter()
    for _ in range(_PROBED):
        features = [
            {
                name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                for name, value in batch.items()
            }
            for batch in (model.tokenize([row[column] for row in rows]) for column in columns)
        ]
        objective(features, labels).backward()
        model.zero_grad(set_to_none=True)
    pace = (time.perf_counter() - started) / _PROBED
    return max(1, int(60 * minutes / pace))


def dataset_of(rows: Sequence[dict[str, Any]]) -> Dataset:
    """Return examples as the library takes them."""
    disable_progress_bar()
    return Dataset.from_list(list(rows))


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **_: Any) -> DefaultBatchSampler:
    return DefaultBatchSampler(SequentialSampler(dataset), batch_size, drop_last)
