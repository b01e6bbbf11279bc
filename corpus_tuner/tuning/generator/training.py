"""Training by `transformers.Trainer`, resumable at every evaluation with the dev pairs.

On a CPU, a training that is resumed ends with the same weights as one without interruption.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers.trainer_callback import PrinterCallback
from transformers.utils import is_accelerate_available

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.progress import Meter
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.tuning.generator.batches import Batch, Example, make_epoch
from corpus_tuner.tuning.generator.learning_curves import Curve
from corpus_tuner.tuning.generator.losses import Objective
from corpus_tuner.tuning.output_folder import write_curve
from corpus_tuner.tuning.training import (
    CHECKPOINTS,
    find_checkpoint,
    list_arguments,
    make_optimizer,
)


class Trainer(transformers.Trainer):  # type: ignore[misc]
    """Trainer of a generator.

    Not a `transformers.Seq2SeqTrainer`: that measures batches instead of tokens, and continues the
    whole target instead of the prompt.

    Parameters
    ----------
    model
        Encoder-decoder of transformers.
    objective
        Loss and ROUGE-L.
    settings
        Training settings.
    folder
        Folder of the model, with the checkpoints and the learning curve.
    key
        Hash of the inputs; a checkpoint of another key is not resumed.

    Raises
    ------
    CorpusTunerError
        If the model is on a GPU that is not the first: the library trains on that, or on all.
    MissingExtraError
        If accelerate is not installed.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        settings: GeneratorTuningSettings,
        folder: Path,
        key: str,
    ) -> None:
        if not is_accelerate_available():
            raise MissingExtraError("tuning a generator", "tune")
        if model.device.index:
            raise CorpusTunerError(
                f"cannot tune on {model.device}: set device=cuda, and choose a GPU by "
                "CUDA_VISIBLE_DEVICES"
            )
        self._objective = objective
        self._settings = settings
        self._folder = folder
        self._checkpoints = folder / CHECKPOINTS / key[:16]
        self._loss = 0.0
        optimizer = make_optimizer(model, settings)
        schedule = _Schedule(optimizer, lambda done: _scale_learning_rate(done, settings))
        steps, every = settings.steps, settings.evaluate_every
        arguments = transformers.TrainingArguments(
            **list_arguments(model, self._checkpoints, steps, every, settings),
            gradient_accumulation_steps=settings.accumulate,
            metric_for_best_model="loss",
            use_cache=model.config.use_cache,  # is written into the model's own
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # no DataParallel where there are more
        super().__init__(model, arguments, eval_dataset=[], optimizers=(optimizer, schedule))
        self.model_accepts_loss_kwargs = False  # batches count alike, whatever their tokens
        self.remove_callback(PrinterCallback)

    def fit(self, train: Sequence[Example], dev: Sequence[Example], texts: Sequence[str]) -> Curve:
        """Train until the last step or early stopping, and load the best weights.

        Raises
        ------
        CorpusTunerError
            If the loss is not a number, or the checkpoint is of another training.
        """
        self.train_dataset, self.eval_dataset, self._texts = train, dev, texts
        resumed = self._load_state()
        done = self.state.global_step
        # The library would add a step to a training that is done.
        if done < self._settings.steps and not self._is_out_of_patience():
            with Meter("tuning", lambda: self._settings.steps, done, "steps") as self._meter:
                self.train(resume_from_checkpoint=resumed)
        best = self._checkpoints / f"checkpoint-{self.state.best_global_step}"
        self._load_from_checkpoint(str(best))
        return Curve(self.state.log_history)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return batches without end."""
        return DataLoader(
            self.train_dataset,  # type: ignore[arg-type]
            batch_sampler=_sample_batches(self.train_dataset, self._settings),
            generator=torch.Generator(),  # leaves the random state to dropout
            collate_fn=lambda examples: self._objective.collate(examples)._asdict(),
        )

    def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> torch.Tensor:
        """Return the loss of a batch, and add it to that of the step."""
        loss = self._objective.compute_training_loss(Batch(**inputs))
        self._loss += float(loss.detach()) / self._settings.accumulate
        if not loss.isfinite():
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step + 1}: lower "
                "learning_rate, or set dtype=float32"
            )
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step with its loss."""
        if "learning_rate" not in logs:
            return  # the library's summary at the end
        row = {"loss": round(self._loss, 6), "step": self.state.global_step}
        row["learning_rate"] = logs["learning_rate"]
        self._loss = 0.0
        best = Curve(self.state.log_history).best
        self._meter.advance(1, f"loss {row['loss']:.3f}, best dev {best:.3f}")
        self.state.log_history.append(row)
        self.callback_handler.on_log(self.args, self.state, self.control, logs)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure with the dev pairs, and stop after enough evaluations without improvement."""
        dev: Sequence[Example] = self.eval_dataset
        by_instruction = self._objective.measure_loss(dev)
        mean = sum(by_instruction.values()) / len(by_instruction)
        rouge = self._objective.measure_rouge(dev, self._texts, self._settings.samples)
        row = {"step": self.state.global_step, "loss": mean}
        self.state.log_history.append({**row, "dev": by_instruction, "rouge_l": rouge})
        write_curve(self.state.log_history, self._folder)
        metrics = {"eval_loss": mean}
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.control.should_training_stop |= self._is_out_of_patience()
        return metrics

    def _is_out_of_patience(self) -> bool:
        return Curve(self.state.log_history).is_out_of_patience(self._settings.patience)

    def _load_state(self) -> str | None:
        """Load the state of the last checkpoint, and return the checkpoint's folder."""
        folder = self._checkpoints.parent
        others = folder.glob("*/checkpoint-*/trainer_state.json")
        if any(state.parent.parent != self._checkpoints for state in others):
            raise CorpusTunerError(
                f"{folder} is of another training (other pairs, base or settings): give another "
                f"{named('output', '--output')}, or delete it to start anew"
            )
        checkpoint = find_checkpoint(self._checkpoints)
        if checkpoint is None:
            return None
        path, self.state = checkpoint
        return path


class _Schedule(LambdaLR):
    """Schedule by its own number of steps, also after a checkpoint of fewer steps."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._last_lr = self.get_lr()
        for group, rate in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = rate


def _sample_batches(
    examples: Sequence[Example], settings: GeneratorTuningSettings
) -> Iterator[list[int]]:
    """Yield batches, epoch after epoch."""
    for number in count():
        yield from make_epoch(examples, settings, number)


def _scale_learning_rate(done: int, settings: GeneratorTuningSettings) -> float:
    """Return the factor of the learning rate: rising, constant, then falling to 0."""
    falling = max(1, round(settings.steps * settings.cooldown))
    return min(1.0, (done + 1) / (settings.warmup + 1), (settings.steps - done) / falling)
