"""Training of an encoder-decoder by transformers, and measures on test pairs."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.tuning.generator.pairs import Pair
from corpus_tuner.tuning.generator.rouge import compute_rouge_l
from corpus_tuner.tuning.training import list_arguments, uses_bfloat16

_BEAMS = 4  # of the search for texts of test pairs
_AT_ONCE = 1024  # pairs tokenized together

Example = dict[str, list[int]]
"""A pair as tokens: ``input_ids`` and ``labels``."""


def tokenize(
    pairs: Sequence[Pair], tokenizer: Any, settings: GeneratorTuningSettings
) -> list[Example]:
    """Tokenize pairs, cut to the lengths of the settings."""
    examples: list[Example] = []
    for some in split_into_chunks(pairs, _AT_ONCE):
        sources = tokenizer(
            [pair.instruction.prompt(pair.document) for pair in some],
            truncation=True,
            max_length=settings.max_source_tokens,
        )["input_ids"]
        targets = tokenizer(
            text_target=[pair.target for pair in some],
            truncation=True,
            max_length=settings.max_target_tokens,
        )["input_ids"]
        examples += [
            {"input_ids": source, "labels": target}
            for source, target in zip(sources, targets, strict=True)
        ]
    return examples


def make_trainer(
    model: Any,
    tokenizer: Any,
    train: Sequence[Example],
    dev: Sequence[Example],
    settings: GeneratorTuningSettings,
    folder: Path,
) -> Seq2SeqTrainer:
    """Return a trainer with checkpoints in `folder`."""
    passes = -(-settings.batch_size // settings.in_memory)
    in_memory = -(-settings.batch_size // passes)
    arguments = Seq2SeqTrainingArguments(
        **list_arguments(model, folder, settings.steps, settings),
        per_device_train_batch_size=in_memory,
        per_device_eval_batch_size=in_memory,
        gradient_accumulation_steps=passes,
        bf16=uses_bfloat16(model.device, settings.dtype),
        metric_for_best_model="loss",
        label_names=["labels"],  # not found by the library in a model with adapters
        predict_with_generate=True,
        use_cache=model.config.use_cache,  # is written into the model's own
    )
    trainer = Seq2SeqTrainer(
        model,
        arguments,
        train_dataset=train,
        eval_dataset=dev,
        data_collator=DataCollatorForSeq2Seq(tokenizer),
        processing_class=tokenizer,
    )
    trainer.model_accepts_loss_kwargs = False  # the loss is a mean: passes count alike
    return trainer


def measure(
    trainer: Seq2SeqTrainer, pairs: Sequence[Pair], settings: GeneratorTuningSettings
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the loss (nats per token) and ROUGE-L on pairs, by instruction."""
    tokenizer = trainer.processing_class
    by_instruction: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_instruction[pair.name].append(pair)
    losses, rouge = {}, {}
    for name, own in sorted(by_instruction.items()):
        found = trainer.predict(
            tokenize(own, tokenizer, settings),
            num_beams=_BEAMS,
            max_new_tokens=settings.max_target_tokens,
        )
        padding = tokenizer.pad_token_id
        tokens = np.where(found.predictions < 0, padding, found.predictions)
        texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
        losses[name] = found.metrics["test_loss"]
        rouge[name] = compute_rouge_l([pair.target for pair in own], texts)
    return losses, rouge
