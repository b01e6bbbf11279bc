"""Tune a generator on pairs, and leave a folder that transformers can load."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from corpus_tuner.config.generator_tuning import MOST_PASSES, GeneratorTuningSettings
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.progress import print_note, show_activity
from corpus_tuner.encoders.model_weights import hash_weights
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.generation.models import Source, load_model
from corpus_tuner.tuning.generator.batches import tokenize
from corpus_tuner.tuning.generator.card import write_card
from corpus_tuner.tuning.generator.learning_curves import draw_curve
from corpus_tuner.tuning.generator.losses import Objective
from corpus_tuner.tuning.generator.pairs import Pair, Split, count_pairs, split_pairs
from corpus_tuner.tuning.generator.report import REPORT, TuningReport, read_report
from corpus_tuner.tuning.generator.training import Trainer
from corpus_tuner.tuning.output_lock import alone

BEAMS = 4
"""With which the test pairs are written."""

_RUNNING = {"rounds", "steps", "patience", "device"}  # what a checkpoint does not depend on


def tune_on_pairs(
    pairs: Iterable[Pair],
    base: Source,
    output: Path,
    settings: GeneratorTuningSettings,
    sources: Iterable[str] = (),
) -> TuningReport:
    """Tune `base` on pairs, or go on with a tuning that was killed.

    Parameters
    ----------
    pairs
        What to learn from.
    base
        What to tune.
    output
        The folder of the model, with its card, curves and measurements.
    settings
        How to tune.
    sources
        Where the pairs are from, for the card.

    Raises
    ------
    CorpusTunerError
        If there are too few pairs, the base cannot be loaded, or `output` holds another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    with alone(output):
        with show_activity("reading the pairs"):
            split = split_pairs(
                pairs, settings.dev, settings.test, settings.most_pairs, settings.seed
            )
        asked, settings = settings, settings.for_pairs(len(split.train))
        if settings.steps < asked.steps:
            print_note(
                f"{len(split.train):,} pairs to train on are few for {asked.steps:,} steps of "
                f"{asked.batch_size * asked.accumulate}: tuning takes {settings.steps:,} steps, "
                f"which see every pair {MOST_PASSES} times"
            )
        with show_activity("opening the model"):
            model, tokenizer = load_model(base, _device(settings))
        key = _key(split, hash_weights(model), settings)
        standing = _standing(output, key, settings)
        if standing is not None:
            return standing
        with show_activity("turning texts into tokens"):
            train, dev, test = (tokenize(part, tokenizer, settings) for part in split)
        tuned = _with_lora(model, settings) if settings.method == "lora" else model
        objective = Objective(tuned, tokenizer, settings)
        trainer = Trainer(tuned, objective, settings, output, key)
        curve = trainer.fit(train, dev, [pair.target for pair in split.dev])
        with show_activity("measuring"):
            measured = {
                "test_loss": objective.loss(test),
                "test_rouge_l": objective.rouge(
                    test, [pair.target for pair in split.test], settings.test, BEAMS
                ),
            }
        if settings.method == "lora":
            model = tuned.merge_and_unload()
        best = min(curve.looks, key=lambda look: float(look["loss"]))
        report = TuningReport(
            output=str(output),
            base=base.name,
            key=key,
            settings=settings,
            pairs=count_pairs(split.train),
            held_out=count_pairs(split.test),
            steps=len(curve.steps),
            best_step=best["step"],
            dev_loss=best["loss"],
            **measured,
        )
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
        curve.write(output / "curve.jsonl")
        draw_curve(curve, output / "curve.svg")
        write_card(report, list(sources), output / "README.md")
        (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
        return report


def _standing(output: Path, key: str, settings: GeneratorTuningSettings) -> TuningReport | None:
    report = read_report(output)
    if report is None:
        return None
    if report.key != key:
        raise CorpusTunerError(
            f"{output} has another tuning (other pairs, base or settings): give another "
            + named("output", "--output")
        )
    return report if report.settings.steps >= settings.steps else None


def _key(split: Split, weights: str, settings: GeneratorTuningSettings) -> str:
    digest = hashlib.sha256(f"{weights} {settings.model_dump_json(exclude=_RUNNING)}".encode())
    for part in split:
        for pair in part:
            document, instruction, target = pair
            parts = (document.title, document.text, target, *astuple(instruction))
            digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


def _device(settings: GeneratorTuningSettings) -> str:
    import torch

    if settings.device != "auto":
        return settings.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _with_lora(model: Any, settings: GeneratorTuningSettings) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtraError("tuning by LoRA", "tune") from error
    import torch

    torch.manual_seed(settings.seed)
    lora = LoraConfig(
        task_type="SEQ_2_SEQ_LM", r=settings.lora_rank, lora_alpha=2 * settings.lora_rank
    )
    return get_peft_model(model, lora)
