"""Fine-tuning of a generator on pairs."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from corpus_tuner.config.generator_tuning import MOST_PASSES, GeneratorTuningSettings
from corpus_tuner.core.progress import print_note, show_activity
from corpus_tuner.encoders.model_weights import hash_weights
from corpus_tuner.generation.models import choose_device
from corpus_tuner.generation.models.open_model import load_base
from corpus_tuner.tuning.generator.pairs import Pair, Split, count_pairs, split_pairs
from corpus_tuner.tuning.generator.report import (
    REPORT,
    TuningReport,
    read_report,
    write_generator_card,
)
from corpus_tuner.tuning.generator.training import (
    make_trainer,
    measure_losses,
    measure_rouge,
    tokenize,
)
from corpus_tuner.tuning.output_folder import claim_output, lock_output, write_curve
from corpus_tuner.tuning.training import CHECKPOINTS, run

ADAPTER = "adapter"
"""Folder of low-rank adapters in that of the model, in the format of peft."""
_LAYER = re.compile(r"\.(\d+)\.")
_RUNTIME = {"rounds", "device"}  # settings that a checkpoint is independent of


def tune_on_pairs(
    pairs: Iterable[Pair],
    base: str,
    output: Path,
    settings: GeneratorTuningSettings,
    sources: Iterable[str] = (),
) -> TuningReport:
    """Fine-tune a generator on pairs, or resume an interrupted tuning.

    Raises
    ------
    CorpusTunerError
        If there are too few pairs, the base cannot be loaded, or `output` has another tuning.
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
                f"{given.batch_size}: tuning takes {settings.steps:,} steps, which see every pair "
                f"{MOST_PASSES} times"
            )
        with show_activity("opening the model"):
            model, tokenizer = load_base(base, choose_device(settings.device))
        claim_output(output, _compute_key(split, hash_weights(model), settings))
        report = read_report(output)
        if report is None:
            report = _train(split, base, model, tokenizer, output, settings)
            write_generator_card(report, list(sources), output)
            (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
        return report


def _train(
    split: Split,
    base: str,
    model: Any,
    tokenizer: Any,
    output: Path,
    settings: GeneratorTuningSettings,
) -> TuningReport:
    """Train, save the model and its learning curve, and measure it with the test pairs."""
    causal = not model.config.is_encoder_decoder
    with show_activity("tokenizing"):
        train, dev = (
            tokenize(part, tokenizer, settings, causal=causal) for part in (split.train, split.dev)
        )
    rank = settings.lora_rank
    tuned = _add_lora(model, rank, settings.seed, causal=causal) if rank else model
    folder = output / CHECKPOINTS
    trainer = make_trainer(tuned, tokenizer, train, dev, settings, folder)
    curve = run(trainer, folder)
    with show_activity("measuring"):
        losses = measure_losses(trainer, split.test, settings)
    if rank:
        tuned.save_pretrained(output / ADAPTER)
        model = tuned.merge_and_unload()
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    with show_activity("measuring"):
        rouge = measure_rouge(output, split.test, settings, causal=causal)
    write_curve(curve, output)
    return TuningReport(
        output=str(output),
        base=base,
        settings=settings,
        pairs=count_pairs(split.train),
        held_out=count_pairs(split.test),
        steps=trainer.state.global_step,
        best_step=trainer.state.best_global_step,
        dev_loss=trainer.state.best_metric,
        test_loss=losses,
        test_rouge_l=rouge,
    )


def _compute_key(split: Split, weights: str, settings: GeneratorTuningSettings) -> str:
    digest = hashlib.sha256(f"{weights} {settings.model_dump_json(exclude=_RUNTIME)}".encode())
    for part in split:
        for document, instruction, target in part:
            fields = (document.title, document.text, target, *astuple(instruction))
            digest.update(json.dumps(fields).encode())
    return digest.hexdigest()


def _add_lora(model: Any, rank: int, seed: int, *, causal: bool) -> Any:
    """Return a model with adapters; a decoder-only one has them in the upper third of its layers.

    So the backward pass ends there, and a step takes about half the time.
    """
    torch.manual_seed(seed)
    upper = []
    if causal:
        first = model.config.num_hidden_layers * 2 // 3
        linear = [name for name, one in model.named_modules() if isinstance(one, torch.nn.Linear)]
        upper = [name for name in linear if int((_LAYER.findall(name) or [-1])[0]) >= first]
    lora = LoraConfig(
        task_type="CAUSAL_LM" if causal else "SEQ_2_SEQ_LM",
        r=rank,
        lora_alpha=2 * rank,
        target_modules=upper or "all-linear",
    )
    return get_peft_model(model, lora)
