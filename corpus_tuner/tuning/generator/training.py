"""Training by `transformers.Trainer`, resumable at every look at the dev pairs.

A training that was killed ends with the very weights of one that was not, on a CPU. The library
writes a checkpoint's files one after the other, the state last, so a checkpoint counts when its
state can be read. It does not sync them: they outlive a kill, and perhaps not a loss of power.
Moments, schedule and random state are files of `torch.save`, which it reads with
``weights_only=True``: that builds tensors and numbers and runs no code.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers.trainer_callback import PrinterCallback, TrainerState
from transformers.utils import is_accelerate_available

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.progress import Meter
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.tuning.generator.batches import Batch, Example, epoch
from corpus_tuner.tuning.generator.learning_curves import Curve
from corpus_tuner.tuning.generator.losses import Objective


class Trainer(transformers.Trainer):  # type: ignore[misc]
    """Trains a model on examples.

    Not a `transformers.Seq2SeqTrainer`: what that adds measures batches, not tokens, and continues
    the whole target, not the prompt.

    Parameters
    ----------
    model
        Of transformers, an encoder-decoder.
    objective
        What it learns.
    settings
        How to train.
    folder
        Holds the checkpoints, and `curve.jsonl`.
    key
        Names what is trained on what; a checkpoint of another key is not gone on from.

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
                f"cannot tune on {model.device}: set tuning.device=cuda, and choose a GPU by "
                "CUDA_VISIBLE_DEVICES"
            )
        self._objective = objective
        self._settings = settings
        self._folder = folder
        self._checkpoints = folder / "checkpoint" / key[:16]
        self._loss = 0.0
        optimizer = torch.optim.AdamW(
            [weight for weight in model.parameters() if weight.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        schedule = _Schedule(optimizer, lambda done: _share(done, settings))
        arguments = transformers.TrainingArguments(
            output_dir=str(self._checkpoints),
            max_steps=settings.steps,
            gradient_accumulation_steps=settings.accumulate,
            max_grad_norm=settings.clip,
            eval_strategy="steps",
            eval_steps=settings.evaluate_every,
            save_steps=settings.evaluate_every,
            save_total_limit=2,  # the last and the best
            metric_for_best_model="loss",
            logging_steps=1,
            logging_nan_inf_filter=False,
            log_level="error",  # it warns of weights that are tied
            disable_tqdm=True,
            report_to=[],
            use_cache=model.config.use_cache,  # is written into the model's own
            use_cpu=model.device.type == "cpu",
            seed=settings.seed,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # no DataParallel where there are more
        super().__init__(model, arguments, eval_dataset=[], optimizers=(optimizer, schedule))
        self.model_accepts_loss_kwargs = False  # passes count alike, however many tokens they have
        self.remove_callback(PrinterCallback)

    def fit(self, train: Sequence[Example], dev: Sequence[Example], texts: Sequence[str]) -> Curve:
        """Train until the steps are done or the dev loss no longer falls; keep the best weights.

        Parameters
        ----------
        train, dev
            What to learn from, and what to look at.
        texts
            The targets of `dev` as text, for ROUGE-L.

        Raises
        ------
        CorpusTunerError
            If the loss is no longer a number, or the checkpoint is of another training.
        """
        self.train_dataset, self.eval_dataset, self._texts = train, dev, texts
        last = self._last_checkpoint()
        done = self.state.global_step
        # A training that is done is not gone on with: the library would make one step more.
        if done < self._settings.steps and not self._is_out_of_patience():
            with Meter("tuning", lambda: self._settings.steps, done, "steps") as self._meter:
                self.train(resume_from_checkpoint=last)
        best = self._checkpoints / f"checkpoint-{self.state.best_global_step}"
        self._load_from_checkpoint(str(best))
        return Curve(self.state.log_history)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return batches without end."""
        return DataLoader(
            self.train_dataset,  # type: ignore[arg-type]
            batch_sampler=_endless(self.train_dataset, self._settings),
            generator=torch.Generator(),  # leaves the random state to dropout
            collate_fn=lambda examples: self._objective.collate(examples)._asdict(),
        )

    def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> torch.Tensor:
        """Return the loss of a pass, and add it to that of the step."""
        loss = self._objective.training_loss(Batch(**inputs))
        self._loss += float(loss.detach()) / self._settings.accumulate
        if not loss.isfinite():
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step + 1}: lower "
                "tuning.learning_rate, or set tuning.dtype=float32"
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
        """Measure with the dev pairs, and stop when they no longer get better."""
        dev: Sequence[Example] = self.eval_dataset
        by_instruction = self._objective.loss(dev)
        mean = sum(by_instruction.values()) / len(by_instruction)
        rouge = self._objective.rouge(dev, self._texts, self._settings.samples)
        look = {"step": self.state.global_step, "loss": mean}
        self.state.log_history.append({**look, "dev": by_instruction, "rouge_l": rouge})
        Curve(self.state.log_history).write(self._folder / "curve.jsonl")
        metrics = {"eval_loss": mean}
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.control.should_training_stop |= self._is_out_of_patience()
        return metrics

    def _is_out_of_patience(self) -> bool:
        return Curve(self.state.log_history).is_out_of_patience(self._settings.patience)

    def _last_checkpoint(self) -> str | None:
        """Return the last checkpoint that was written to its end, and take its state."""
        found = self._checkpoints.parent.glob("*/checkpoint-*/trainer_state.json")
        for state in sorted(found, key=lambda file: int(file.parent.name[11:]), reverse=True):
            if state.parent.parent != self._checkpoints:
                raise CorpusTunerError(
                    f"{self._checkpoints.parent} is of another training (other pairs, base or "
                    f"settings): give another {named('output', '--output')}, or delete it to start "
                    "anew"
                )
            with suppress(ValueError):  # of one that a kill cut short
                self.state = TrainerState.load_from_json(str(state))
                return str(state.parent)
        return None


class _Schedule(LambdaLR):
    """Goes by its own number of steps also after a checkpoint of a training of fewer."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._last_lr = self.get_lr()
        for group, rate in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = rate


def _endless(examples: Sequence[Example], settings: GeneratorTuningSettings) -> Iterator[list[int]]:
    """Yield batches, epoch after epoch."""
    for number in count():
        yield from epoch(examples, settings, number)


def _share(done: int, settings: GeneratorTuningSettings) -> float:
    """Return the share of the learning rate: rising, then level, then falling to nothing."""
    falling = max(1, round(settings.steps * settings.cooldown))
    return min(1.0, (done + 1) / (settings.warmup + 1), (settings.steps - done) / falling)
