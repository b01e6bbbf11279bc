"""The training loop: batches in, better weights out, resumable at every look at the dev pairs."""

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
from torch.nn.functional import cross_entropy

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.encoders.weights import fast_bfloat16
from corpus_tuner.progress import Meter
from corpus_tuner.tuning.batches import IGNORED, Batch, Example, collate, epoch
from corpus_tuner.tuning.checkpoints import (
    Checkpoint,
    load_checkpoint,
    named_moments,
    restore_moments,
    save_checkpoint,
)
from corpus_tuner.tuning.rouge import rouge_l
from corpus_tuner.tuning.settings import TuningSettings

_RANDOM = ("random", "random_cuda")
_EASY = 1e-6  # keeps the logarithm of an attention of nothing finite


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

    def write(self, path: Path) -> None:
        """Write one JSON object a line: steps and looks in their order."""
        rows = sorted([*self.steps, *self.looks], key=lambda row: (row["step"], "dev" in row))
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


class Trainer:
    """Trains a model on examples.

    Parameters
    ----------
    model, tokenizer
        Of transformers, an encoder-decoder.
    settings
        How to train.
    key
        Names what is trained on what; a checkpoint of another key is not gone on from.
    """

    def __init__(self, model: Any, tokenizer: Any, settings: TuningSettings, key: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._settings = settings
        self._key = key
        self._device = next(model.parameters()).device
        self._start: int = model.config.decoder_start_token_id
        self._pad: int = tokenizer.pad_token_id
        self._marks = torch.tensor(tokenizer.all_special_ids, device=self._device)
        _freeze(model, settings)
        trained = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
        self._trained = dict(trained)
        self._names = {number: name for number, (name, _) in enumerate(trained)}
        self._optimizer = torch.optim.AdamW(
            [each for _, each in trained],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    def train(
        self, train: Sequence[Example], dev: Sequence[Example], texts: Sequence[str], folder: Path
    ) -> Curve:
        """Train until the steps are done or the dev loss no longer falls; keep the best weights.

        Parameters
        ----------
        train, dev
            What to learn from, and what to look at.
        texts
            The targets of `dev` as text, for ROUGE-L.
        folder
            Holds the checkpoint, and `curve.jsonl`.

        Raises
        ------
        CorpusTunerError
            If the loss is no longer a number, or the checkpoint is of another training.
        """
        settings = self._settings
        curve, done = self._resume(folder / "checkpoint")
        torch.manual_seed(settings.seed)
        self._restore_random()
        batches = _endless(train, settings, done * settings.accumulate)
        with Meter("tuning", settings.steps, done) as meter:
            while done < settings.steps and not self._patience_is_out(curve):
                some = [[train[each] for each in next(batches)] for _ in range(settings.accumulate)]
                curve.steps.append({"step": done + 1, **self._step(some, done)})
                done += 1
                meter.advance(f"loss {curve.steps[-1]['loss']:.3f}, best dev {curve.best:.3f}")
                if done % settings.evaluate_every == 0 or done == settings.steps:
                    self._look(dev, texts, curve, folder)
        self._load(self._best)
        return curve

    def loss(self, examples: Sequence[Example]) -> dict[str, float]:
        """Return the mean loss (nats a token) by instruction."""
        self._model.eval()
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
        self._model.eval()
        written: list[str] = []
        for some in _chunks(examples, self._settings.batch_size):
            batch = self._collate(some)
            given = some[0].given + 1  # the prompt of one instruction is the same for all
            with torch.inference_mode(), self._arithmetic():
                tokens = self._model.generate(
                    input_ids=batch.source,
                    attention_mask=batch.mask,
                    decoder_input_ids=batch.inputs[:, :given],
                    max_new_tokens=self._settings.max_target_tokens,
                    num_beams=beams,
                    do_sample=False,
                )
            written += self._tokenizer.batch_decode(tokens[:, given:], skip_special_tokens=True)
        return written

    def _step(self, some: Sequence[Sequence[Example]], done: int) -> dict[str, float]:
        """Update the weights once."""
        settings = self._settings
        self._model.train()
        if settings.train == "decoder":
            self._model.get_encoder().eval()
        lost, missed = 0.0, 0.0
        for examples in some:
            batch = self._collate(examples)
            logits, attention = self._read(batch, attentions=settings.copy_weight > 0)
            loss = cross_entropy(
                logits.flatten(0, 1),
                batch.labels.flatten(),
                label_smoothing=settings.label_smoothing,
            )
            lost += float(loss.detach()) / len(some)
            if attention is not None:
                copying = _copying(attention, batch, self._marks)
                missed += float(copying.detach()) / len(some)
                loss = loss + settings.copy_weight * copying
            (loss / len(some)).backward()  # type: ignore[no-untyped-call]
        if not math.isfinite(lost):
            raise CorpusTunerError(
                f"the loss is not a number at step {done + 1}: lower tuning.learning_rate, or "
                "set tuning.dtype=float32"
            )
        torch.nn.utils.clip_grad_norm_(self._trained.values(), settings.clip)
        rate = settings.learning_rate * _schedule(done, settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        row = {"loss": round(lost, 6), "learning_rate": rate}
        return row | ({"copying": round(missed, 6)} if settings.copy_weight else {})

    def _look(
        self, dev: Sequence[Example], texts: Sequence[str], curve: Curve, folder: Path
    ) -> None:
        """Measure with the dev pairs, keep the weights if they are the best, and checkpoint."""
        by_instruction = self.loss(dev)
        mean = sum(by_instruction.values()) / len(by_instruction)
        if mean < curve.best:
            self._best = {name: each.detach().clone() for name, each in self._trained.items()}
        step = int(curve.steps[-1]["step"])
        rouge = self.rouge(dev, texts, self._settings.samples)
        curve.looks.append({"step": step, "loss": mean, "dev": by_instruction, "rouge_l": rouge})
        tensors = {f"weight/{name}": each.detach() for name, each in self._trained.items()}
        tensors |= {f"best/{name}": each for name, each in self._best.items()}
        tensors |= named_moments(self._optimizer, self._names)
        tensors["random"] = torch.get_rng_state()
        if self._device.type == "cuda":
            tensors["random_cuda"] = torch.cuda.get_rng_state(self._device)
        state = {"key": self._key, "steps": curve.steps, "looks": curve.looks}
        save_checkpoint(folder / "checkpoint", Checkpoint(tensors, state))
        curve.write(folder / "curve.jsonl")

    def _resume(self, folder: Path) -> tuple[Curve, int]:
        """Return the curve so far and the number of steps done."""
        self._random: dict[str, torch.Tensor] = {}
        self._best = {name: each.detach().clone() for name, each in self._trained.items()}
        saved = load_checkpoint(folder)
        if saved is None:
            return Curve(), 0
        if saved.state["key"] != self._key:
            raise CorpusTunerError(
                f"{folder} is of another training (other pairs, base or settings): give another "
                "--output, or delete it to start anew"
            )
        parts: dict[str, dict[str, torch.Tensor]] = defaultdict(dict)
        for key, value in saved.tensors.items():
            part, _, name = key.partition("/")
            parts[part][name] = value
        self._load(parts["weight"])
        self._best = {name: each.to(self._device) for name, each in parts["best"].items()}
        restore_moments(self._optimizer, self._names, saved.tensors)
        self._random = {name: parts[name][""] for name in _RANDOM if name in parts}
        curve = Curve(saved.state["steps"], saved.state["looks"])
        return curve, len(curve.steps)

    def _restore_random(self) -> None:
        if "random" in self._random:
            torch.set_rng_state(self._random["random"])
        if "random_cuda" in self._random:
            torch.cuda.set_rng_state(self._random["random_cuda"], self._device)

    def _load(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, each in self._trained.items():
                each.copy_(weights[name])

    def _patience_is_out(self, curve: Curve) -> bool:
        since = 0
        best = math.inf
        for look in curve.looks:
            since = 0 if look["loss"] < best else since + 1
            best = min(best, look["loss"])
        return since >= self._settings.patience

    def _collate(self, examples: Sequence[Example]) -> Batch:
        batch = collate(examples, self._pad, self._start)
        return Batch(*(each.to(self._device) for each in batch))

    def _read(self, batch: Batch, *, attentions: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return logits, and the attention of the last layer to the source, averaged over heads."""
        with self._arithmetic():
            out = self._model(
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


def _endless(
    examples: Sequence[Example], settings: TuningSettings, skip: int
) -> Iterator[Sequence[int]]:
    """Yield batches, epoch after epoch, without the first `skip`."""
    for number in count():
        batches = epoch(examples, settings, number)
        yield from batches[skip:]
        skip = max(0, skip - len(batches))


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
