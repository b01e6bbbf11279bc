"""Fine-tuning of a generator on pairs."""

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
from corpus_tuner.generation.models import Source, load_model
from corpus_tuner.tuning.generator.batches import tokenize
from corpus_tuner.tuning.generator.learning_curves import draw_curve
from corpus_tuner.tuning.generator.losses import Objective
from corpus_tuner.tuning.generator.pairs import Pair, Split, count_pairs, split_pairs
from corpus_tuner.tuning.generator.report import (
    REPORT,
    TuningReport,
    read_report,
    write_generator_card,
)
from corpus_tuner.tuning.generator.training import Trainer
from corpus_tuner.tuning.output_folder import lock_output, raise_other_tuning, write_curve

BEAMS = 4
"""Beams of the search for test pairs."""

_RUNTIME = {"rounds", "steps", "patience", "device"}  # settings that a checkpoint is independent of


def tune_on_pairs(
    pairs: Iterable[Pair],
    base: Source,
    output: Path,
    settings: GeneratorTuningSettings,
    sources: Iterable[str] = (),
) -> TuningReport:
    """Fine-tune a generator on pairs, or resume an interrupted tuning.

    Raises
    ------
    CorpusTunerError
        If there are too few pairs, the base cannot be loaded, or `output` has another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    with lock_output(output):
        with show_activity("reading the pairs"):
            split = split_pairs(
                pairs, settings.dev, settings.test, settings.most_pairs, settings.seed
            )
        given, settings = settings, settings.limit_steps(len(split.train))
        if settings.steps < given.steps:
            print_note(
                f"{len(split.train):,} pairs to train on are few for {given.steps:,} steps of "
                f"{given.batch_size * given.accumulate}: tuning takes {settings.steps:,} steps, "
                f"which see every pair {MOST_PASSES} times"
            )
        with show_activity("opening the model"):
            model, tokenizer = load_model(base, _choose_device(settings))
        key = _compute_key(split, hash_weights(model), settings)
        report = read_report(output)
        if report is not None and report.key != key:
            raise_other_tuning(output, "pairs")
        if report is None or report.settings.steps < settings.steps:
            report = _train(split, base, model, tokenizer, output, settings, key)
            write_generator_card(report, list(sources), output)
            (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
        return report


def _train(
    split: Split,
    base: Source,
    model: Any,
    tokenizer: Any,
    output: Path,
    settings: GeneratorTuningSettings,
    key: str,
) -> TuningReport:
    """Train, measure with the test pairs, and save the model and its learning curve."""
    with show_activity("tokenizing"):
        train, dev, test = (tokenize(part, tokenizer, settings) for part in split)
    tuned = _add_lora(model, settings) if settings.method == "lora" else model
    objective = Objective(tuned, tokenizer, settings)
    trainer = Trainer(tuned, objective, settings, output, key)
    curve = trainer.fit(train, dev, [pair.target for pair in split.dev])
    with show_activity("measuring"):
        texts = [pair.target for pair in split.test]
        loss = objective.measure_loss(test)
        rouge = objective.measure_rouge(test, texts, settings.test, BEAMS)
    if settings.method == "lora":
        model = tuned.merge_and_unload()
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    write_curve(curve.rows, output)
    draw_curve(curve, output / "curve.svg")
    best = min(curve.evaluations, key=lambda row: float(row["loss"]))
    return TuningReport(
        output=str(output),
        base=base.name,
        key=key,
        settings=settings,
        pairs=count_pairs(split.train),
        held_out=count_pairs(split.test),
        steps=len(curve.steps),
        best_step=best["step"],
        dev_loss=best["loss"],
        test_loss=loss,
        test_rouge_l=rouge,
    )


def _compute_key(split: Split, weights: str, settings: GeneratorTuningSettings) -> str:
    digest = hashlib.sha256(f"{weights} {settings.model_dump_json(exclude=_RUNTIME)}".encode())
    for part in split:
        for document, instruction, target in part:
            fields = (document.title, document.text, target, *astuple(instruction))
            digest.update(json.dumps(fields).encode())
    return digest.hexdigest()


def _choose_device(settings: GeneratorTuningSettings) -> str:
    import torch

    if settings.device != "auto":
        return settings.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _add_lora(model: Any, settings: GeneratorTuningSettings) -> Any:
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
