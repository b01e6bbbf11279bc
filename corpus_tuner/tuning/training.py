"""Training by transformers: what encoder and generator share, and resuming from checkpoints.

The library writes the files of a checkpoint one after the other, the state last, so a checkpoint is
complete if its state can be read. It does not sync them: they outlive the process, but perhaps not
a loss of power. Moments, schedule and random state are files of `torch.save`, which it reads with
``weights_only=True``: that builds tensors and numbers and runs no code.
"""

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.trainer_callback import PrinterCallback, TrainerState

from corpus_tuner.config.tuning import TuningSettings
from corpus_tuner.core.progress import Meter
from corpus_tuner.encoders.model_weights import has_fast_bfloat16
from corpus_tuner.errors import CorpusTunerError

CHECKPOINTS = "checkpoint"
"""Folder of checkpoints in that of the model."""

Curve = list[dict[str, float]]
"""A row for every step (``loss``, ``learning_rate``) and evaluation (``eval_ndcg``)."""
_IN_CURVE = ("step", "loss", "learning_rate", "eval_loss", "eval_ndcg")


def list_arguments(
    model: Any, folder: Path, steps: int, settings: TuningSettings
) -> dict[str, Any]:
    """Return arguments of a trainer: every evaluation is a checkpoint, and nothing is printed.

    Raises
    ------
    CorpusTunerError
        If the model is on a GPU that is not the first: the library trains on that.
    """
    if model.device.index:
        raise CorpusTunerError(
            f"cannot tune on {model.device}: set device=cuda, and choose a GPU by "
            "CUDA_VISIBLE_DEVICES"
        )
    every = max(1, -(-steps // settings.evaluations))
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, round(steps * settings.warmup)),
        "max_grad_norm": settings.clip,
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_steps": every,
        "save_total_limit": 2,  # the last and the best
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "log_level": "error",
        "disable_tqdm": True,
        "report_to": [],
        "use_cpu": model.device.type == "cpu",
        "seed": settings.seed,
    }


def run(trainer: transformers.Trainer, folder: Path) -> Curve:
    """Train, or resume from the last checkpoint in `folder`, and load the best weights.

    Raises
    ------
    CorpusTunerError
        If the loss is not a number.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.args._n_gpu = min(trainer.args.n_gpu, 1)  # no DataParallel where there are more
    trainer._train_batch_size = trainer.args.train_batch_size
    resumed = None
    if checkpoint := find_checkpoint(folder):
        resumed, trainer.state = checkpoint
    steps, done = trainer.args.max_steps, trainer.state.global_step
    if done < steps:  # the library would add a step to a training that is done
        with Meter("tuning", lambda: steps, done, "steps") as meter:
            trainer.add_callback(_Progress(meter))
            trainer.train(resume_from_checkpoint=resumed)
    trainer._load_from_checkpoint(str(folder / f"checkpoint-{trainer.state.best_global_step}"))
    rows = [
        {name: row[name] for name in _IN_CURVE if name in row} for row in trainer.state.log_history
    ]
    return [row for row in rows if len(row) > 1]


class _Progress(transformers.TrainerCallback):  # type: ignore[misc]
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_log(self, args: Any, state: TrainerState, control: Any, **how: Any) -> None:
        """Show a step; stop if its loss is not a number."""
        loss = how["logs"].get("loss")
        if loss is None:
            return
        if not math.isfinite(loss):
            raise CorpusTunerError(
                f"the loss is not a number at step {state.global_step}: lower learning_rate, or "
                "set dtype=float32"
            )
        self._meter.advance(1, f"loss {loss:.3f}")


def find_checkpoint(folder: Path) -> tuple[str, TrainerState] | None:
    """Return the last complete checkpoint in a folder, and its state."""
    states = folder.glob("checkpoint-*/trainer_state.json")
    for state in sorted(states, key=lambda file: int(file.parent.name[11:]), reverse=True):
        with suppress(ValueError):  # half a file of an interrupted process
            return str(state.parent), TrainerState.load_from_json(str(state))
    return None


def uses_bfloat16(device: torch.device, dtype: str) -> bool:
    """Tell whether forward passes compute in bfloat16; ``auto`` is where it is fast."""
    return dtype == "bfloat16" or (dtype == "auto" and has_fast_bfloat16(device))
