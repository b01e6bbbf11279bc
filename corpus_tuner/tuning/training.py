"""Training by `transformers.Trainer`, resumable at every look at the dev pairs."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers.trainer_callback import PrinterCallback, TrainerState

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.encoders.weights import fast_bfloat16
from corpus_tuner.progress import Meter
from corpus_tuner.tuning.batches import IGNORED, Batch, Example, collate, epoch
from corpus_tuner.tuning.rouge import rouge_l
from corpus_tuner.tuning.settings import TuningSettings

_EASY = 1e-6  # keeps the logarithm of an attention of nothing finite
_STATE = "trainer_state.json"


@dataclass
class Curve:
    """How a training went.

    Attributes
    ----------
    steps
        For each step its training loss (nats a token), the loss of copying, and learning rate.
    looks
        For each look at the dev pairs: step, dev loss by instruction and their mean, ROUGE-L by
        instruction.
    """

    steps: list[dict[str, float]] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The lowest mean dev loss."""
        return min((look["loss"] for look in self.looks), default=math.inf)

    @classmethod
    def of(cls, state: TrainerState) -> "Curve":
        """Return what a state has logged."""
        rows: list[dict[str, Any]] = state.log_history
        return cls([row for row in rows if "dev" not in row], [row for row in rows if "dev" in row])

    def write(self, path: Path) -> None:
        """Write one JSON object a line: steps and looks in their order."""
        rows = sorted([*self.steps, *self.looks], key=lambda row: (row["step"], "dev" in row))
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


class Trainer(transformers.Trainer):  # type: ignore[misc]
    """Trains a model on examples.

    The losses are weighted by token and measured by instruction, and texts are written after the
    prompt of their instruction: what `transformers.Seq2SeqTrainer` adds does neither.

    Parameters
    ----------
    model, tokenizer
        Of transformers, an encoder-decoder.
    settings
        How to train.
    key
        Names what is trained on what; a checkpoint of another key is not gone on from.
    folder
        Holds the checkpoints, and `curve.jsonl`.
    """

    def __init__(
        self, model: Any, tokenizer: Any, settings: TuningSettings, key: str, folder: Path
    ) -> None:
        self._tokenizer = tokenizer
        self._settings = settings
        self._folder = folder
        self._checkpoints = folder / "checkpoint" / key[:16]
        self._device = next(model.parameters()).device
        self._start: int = model.config.decoder_start_token_id
        self._pad: int = tokenizer.pad_token_id
        self._marks = torch.tensor(tokenizer.all_special_ids, device=self._device)
        self._row: dict[str, float] = defaultdict(float)
        _freeze(model, settings)
        optimizer = torch.optim.AdamW(
            [each for each in model.parameters() if each.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
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
            disable_tqdm=True,
            report_to=[],
            use_cache=True,  # of the model that is saved
            use_cpu=self._device.type == "cpu",
            seed=settings.seed,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # no DataParallel where there are more
        schedule = LambdaLR(optimizer, lambda done: _schedule(done, settings))
        super().__init__(model, arguments, eval_dataset=[], optimizers=(optimizer, schedule))
        self.remove_callback(PrinterCallback)
        self.loss_is_scaled_for_ga = False

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
        # The library would make one more step after the last one.
        if self.state.global_step < self._settings.steps and not self._patience_is_out():
            with Meter("tuning", self._settings.steps, self.state.global_step) as self._meter:
                self.train(resume_from_checkpoint=None if last is None else str(last))
        best = self._checkpoints / f"checkpoint-{self.state.best_global_step}"
        self._load_from_checkpoint(str(best))
        return Curve.of(self.state)

    def loss(self, examples: Sequence[Example]) -> dict[str, float]:
        """Return the mean loss (nats a token) by instruction."""
        self.model.eval()
        sums: dict[str, float] = defaultdict(float)
        tokens: dict[str, int] = defaultdict(int)
        for group, own in _grouped(examples):
            for some in _chunks(own, self._settings.batch_size):
                batch = self._collate([examples[each] for each in some])
                with torch.inference_mode():
                    logits, _ = self._read(batch, attentions=False)
                    wanted = batch.labels.flatten()
                    lost = cross_entropy(logits.flatten(0, 1), wanted, reduction="sum")
                sums[group] += float(lost)
                tokens[group] += int((wanted != IGNORED).sum())
        return {group: sums[group] / tokens[group] for group in sums}

    def rouge(
        self, examples: Sequence[Example], texts: Sequence[str], most: int, beams: int = 1
    ) -> dict[str, float]:
        """Write what is asked and compare it with the targets; ROUGE-L by instruction."""
        found = {}
        for group, own in _grouped(examples):
            own = sorted(own)[:most]
            written = self.write([examples[each] for each in own], beams)
            found[group] = rouge_l([texts[each] for each in own], written)
        return found

    def write(self, examples: Sequence[Example], beams: int = 1) -> list[str]:
        """Return what the model writes, by beam search or, with one beam, its likeliest words."""
        self.model.eval()
        written: list[str] = []
        for some in _chunks(examples, self._settings.batch_size):
            batch = self._collate(some)
            given = some[0].given + 1  # the prompt of one instruction is the same for all
            with torch.inference_mode(), self._arithmetic():
                tokens = self.model.generate(
                    input_ids=batch.source,
                    attention_mask=batch.mask,
                    decoder_input_ids=batch.inputs[:, :given],
                    max_new_tokens=self._settings.max_target_tokens,
                    num_beams=beams,
                    do_sample=False,
                )
            written += self._tokenizer.batch_decode(tokens[:, given:], skip_special_tokens=True)
        return written

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the batches, without end."""
        batches = _Endless(self.train_dataset, self._settings)
        return DataLoader(
            self.train_dataset,
            batch_sampler=batches,
            collate_fn=lambda some: collate(some, self._pad, self._start)._asdict(),
        )

    def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> torch.Tensor:
        """Return the loss of a batch, with that of copying, and note both."""
        settings = self._settings
        if settings.train == "decoder":
            model.get_encoder().eval()
        batch = Batch(**inputs)
        logits, attention = self._read(batch, attentions=settings.copy_weight > 0)
        loss = cross_entropy(
            logits.flatten(0, 1), batch.labels.flatten(), label_smoothing=settings.label_smoothing
        )
        if not loss.isfinite():
            raise CorpusTunerError(
                f"the loss is not a number at step {self.state.global_step + 1}: lower "
                "tuning.learning_rate, or set tuning.dtype=float32"
            )
        self._row["loss"] += float(loss.detach()) / settings.accumulate
        if attention is not None:
            copying = _copying(attention, batch, self._marks)
            self._row["copying"] += float(copying.detach()) / settings.accumulate
            loss = loss + settings.copy_weight * copying
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Note a step, with the loss of its tokens alone."""
        if not self._row:
            return  # the library's summary of the whole
        row = {"step": self.state.global_step, "learning_rate": logs["learning_rate"]}
        row |= {name: round(value, 6) for name, value in self._row.items()}
        self._row.clear()
        self.state.log_history.append(row)
        best = Curve.of(self.state).best
        self._meter.advance(f"loss {row['loss']:.3f}, best dev {best:.3f}")
        self.control = self.callback_handler.on_log(self.args, self.state, self.control, logs)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure with the dev pairs, and end the training if they no longer get better."""
        dev: Sequence[Example] = self.eval_dataset
        by_instruction = self.loss(dev)
        mean = sum(by_instruction.values()) / len(by_instruction)
        rouge = self.rouge(dev, self._texts, self._settings.samples)
        look = {"step": self.state.global_step, "loss": mean}
        self.state.log_history.append({**look, "dev": by_instruction, "rouge_l": rouge})
        Curve.of(self.state).write(self._folder / "curve.jsonl")
        metrics = {"eval_loss": mean}
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        self.control.should_training_stop |= self._patience_is_out()
        return metrics

    def _last_checkpoint(self) -> Path | None:
        """Return the last checkpoint that was written to its end."""
        others = [each for each in self._checkpoints.parent.glob("*") if each != self._checkpoints]
        if others:
            raise CorpusTunerError(
                f"{others[0]} is of another training (other pairs, base or settings): give another "
                "--output, or delete it to start anew"
            )
        found = sorted(self._checkpoints.glob("checkpoint-*"), key=lambda each: int(each.name[11:]))
        return next((each for each in reversed(found) if _is_whole(each)), None)

    def _patience_is_out(self) -> bool:
        since = 0
        best = math.inf
        for look in Curve.of(self.state).looks:
            since = 0 if look["loss"] < best else since + 1
            best = min(best, look["loss"])
        return since >= self._settings.patience

    def _collate(self, examples: Sequence[Example]) -> Batch:
        batch = collate(examples, self._pad, self._start)
        return Batch(*(each.to(self._device) for each in batch))

    def _read(self, batch: Batch, *, attentions: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return logits, and the attention of the last layer to the source, averaged over heads."""
        with self._arithmetic():
            out = self.model(
                input_ids=batch.source,
                attention_mask=batch.mask,
                decoder_input_ids=batch.inputs,
                output_attentions=attentions,
                use_cache=False,
            )
        attention = out.cross_attentions[-1].float().mean(dim=1) if attentions else None
        return out.logits.float(), attention

    def _arithmetic(self) -> AbstractContextManager[object]:
        dtype = self._settings.dtype
        if dtype == "float32" or (dtype == "auto" and not fast_bfloat16(self._device)):
            return nullcontext()
        return torch.autocast(self._device.type, torch.bfloat16)


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


def _copying(attention: torch.Tensor, batch: Batch, marks: torch.Tensor) -> torch.Tensor:
    """Return how little the attention lies where the source has the wanted word.

    Parameters
    ----------
    attention
        Shape (examples, target tokens, source tokens).
    marks
        Tokens that are no words.

    Returns
    -------
    torch.Tensor
        Mean negative logarithm of the attention to all such tokens, over the tokens of the target
        that the source has.
    """
    same = (batch.source[:, None, :] == batch.labels[:, :, None]) & (batch.mask[:, None, :] > 0)
    same &= ~torch.isin(batch.labels, marks)[:, :, None]
    there = same.any(dim=2)
    mass = (attention * same).sum(dim=2)[there]
    return -(mass + _EASY).log().sum() / max(len(mass), 1)


def _schedule(done: int, settings: TuningSettings) -> float:
    """Return the share of the learning rate: rising, then level, then falling to nothing."""
    falling = max(1, round(settings.steps * settings.cooldown))
    return min(1.0, (done + 1) / (settings.warmup + 1), (settings.steps - done) / falling)


class _Endless:
    """Yields batches, epoch after epoch."""

    def __init__(self, examples: Sequence[Example], settings: TuningSettings) -> None:
        self._examples = examples
        self._settings = settings

    def __iter__(self) -> Iterator[Sequence[int]]:
        for number in count():
            yield from epoch(self._examples, self._settings, number)


def _is_whole(checkpoint: Path) -> bool:
    """Tell whether a checkpoint was written to its end, where the state is."""
    try:
        json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True


def _grouped(examples: Sequence[Example]) -> list[tuple[str, list[int]]]:
    """Return positions by instruction, those of like length together."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        groups[example.group].append(position)
    return [
        (name, sorted(own, key=lambda position: (len(examples[position].source), position)))
        for name, own in sorted(groups.items())
    ]


def _chunks(items: Sequence[Any], size: int) -> Iterator[Any]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
