"""Training by `transformers.Trainer`, resumable at every look at the dev pairs.

A training that was killed ends with the very weights of one that was not, on a CPU. The library
writes a checkpoint's files one after the other, the state last, so a checkpoint counts when its
state can be read. Moments, schedule and random state are files of `torch.save`; it reads them with
``weights_only=True``, which builds tensors and numbers and runs no code.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers.trainer_callback import PrinterCallback, TrainerState

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.progress import Meter
from corpus_tuner.tuning.batches import Batch, Example, epoch
from corpus_tuner.tuning.curves import Curve
from corpus_tuner.tuning.objective import Objective
from corpus_tuner.tuning.settings import TuningSettings

_STATE = "trainer_state.json"


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
    """

    def __init__(
        self, model: Any, objective: Objective, settings: TuningSettings, folder: Path, key: str
    ) -> None:
        self._objective = objective
        self._settings = settings
        self._folder = folder
        self._checkpoints = folder / "checkpoint" / key[:16]
        self._row: dict[str, float] = defaultdict(float)
        _freeze(model, settings)
        optimizer = torch.optim.AdamW(
            [each for each in model.parameters() if each.requires_grad],
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
            greater_is_better=False,
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
        if last is not None:
            self.state = TrainerState.load_from_json(str(last / _STATE))
        done = self.state.global_step
        # A training that is done is not gone on with: the library would make one step more.
        if done < self._settings.steps and not self._is_out_of_patience():
            with Meter("tuning", self._settings.steps, done) as self._meter:
                self.train(resume_from_checkpoint=None if last is None else str(last))
        best = self._checkpoints / f"checkpoint-{self.state.best_global_step}"
        self._load_from_checkpoint(str(best))
        return Curve.of(self.state.log_history)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return batches without end."""
        return DataLoader(
            self.train_dataset,  # type: ignore[arg-type]
            batch_sampler=_endless(self.train_dataset, self._settings),
            collate_fn=lambda examples: self._objective.collate(examples)._asdict(),
        )

    def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> torch.Tensor:
        """Return the loss of a pass, and note its parts."""
        if self._settings.train == "decoder":
            model.get_encoder().eval()
        losses = self._objective.losses(Batch(**inputs))
        for name, loss in losses.items():
            self._row[name] += float(loss.detach()) / self._settings.accumulate
        if not losses["loss"].isfinite():
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step + 1}: lower "
                "tuning.learning_rate, or set tuning.dtype=float32"
            )
        return losses["loss"] + self._settings.copy_weight * losses.get("copying", 0.0)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step with the parts of its loss."""
        if not self._row:
            return  # the library's summary at the end
        row = {name: round(value, 6) for name, value in self._row.items()}
        self._row.clear()
        row |= {"step": self.state.global_step, "learning_rate": logs["learning_rate"]}
        best = Curve.of(self.state.log_history).best
        self._meter.advance(f"loss {row['loss']:.3f}, best dev {best:.3f}")
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
        Curve.of(self.state.log_history).write(self._folder / "curve.jsonl")
        metrics = {"eval_loss": mean}
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.control.should_training_stop |= self._is_out_of_patience()
        return metrics

    def _is_out_of_patience(self) -> bool:
        return Curve.of(self.state.log_history).is_out_of_patience(self._settings.patience)

    def _last_checkpoint(self) -> Path | None:
        """Return the last checkpoint that was written to its end."""
        for other in self._checkpoints.parent.glob("*"):
            if other != self._checkpoints:
                raise CorpusTunerError(
                    f"{other.parent} is of another training (other pairs, base or settings): give "
                    "another --output, or delete it to start anew"
                )
        found = sorted(self._checkpoints.glob("checkpoint-*"), key=lambda each: int(each.name[11:]))
        return next((each for each in reversed(found) if _is_whole(each)), None)


class _Schedule(LambdaLR):
    """Goes by its own number of steps also after a checkpoint of a training of fewer."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = rate


def _endless(examples: Sequence[Example], settings: TuningSettings) -> Iterator[list[int]]:
    """Yield batches, epoch after epoch."""
    for number in count():
        yield from epoch(examples, settings, number)


def _freeze(model: Any, settings: TuningSettings) -> None:
    """Leave only what is to be trained with a gradient."""
    if settings.method == "lora":
        return  # peft has frozen the rest
    for each in model.parameters():
        each.requires_grad_(settings.train == "all")
    if settings.train == "decoder":
        for each in model.get_decoder().parameters():
            each.requires_grad_(True)
        model.get_input_embeddings().weight.requires_grad_(False)


def _share(done: int, settings: TuningSettings) -> float:
    """Return the share of the learning rate: rising, then level, then falling to nothing."""
    falling = max(1, round(settings.steps * settings.cooldown))
    return min(1.0, (done + 1) / (settings.warmup + 1), (settings.steps - done) / falling)


def _is_whole(checkpoint: Path) -> bool:
    """Tell whether a checkpoint was written to its end, where the state is."""
    try:
        json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True
