"""Training of a language model by transformers, and measures on test pairs.

Encoder-decoders and decoder-only models share all but the tokens of an example and its batch.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.encoders.batching import batch_similar_lengths
from corpus_tuner.generation.generators.causal import Settings as Causal
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.generation.models.chat import ChatPrompts
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.models.open_model import open_model
from corpus_tuner.tuning.generator.pairs import Pair
from corpus_tuner.tuning.generator.rouge import compute_rouge_l
from corpus_tuner.tuning.training import list_arguments, uses_bfloat16

_POOL = 16  # batches that are sorted by length together
_AT_ONCE = 1024  # pairs tokenized together
_IGNORED = -100  # label of a position without a loss

Example = dict[str, list[int]]
"""A pair as tokens: ``input_ids`` of the prompt and ``labels``, the target."""


def tokenize(
    pairs: Sequence[Pair], tokenizer: Any, settings: GeneratorTuningSettings, *, causal: bool
) -> list[Example]:
    """Tokenize pairs, cut to the lengths of the settings."""
    most = settings.max_target_tokens
    if causal:
        prompts = ChatPrompts(tokenizer, settings.max_source_tokens)
        examples = []
        for document, instruction, target in pairs:
            answer = tokenizer(target, add_special_tokens=False)["input_ids"][: most - 1]
            source, _ = prompts.make(document, instruction)
            examples.append({"input_ids": source, "labels": [*answer, tokenizer.eos_token_id]})
        return examples
    examples = []
    for some in split_into_chunks(pairs, _AT_ONCE):
        sources = tokenizer(
            [pair.instruction.prompt(pair.document) for pair in some],
            truncation=True,
            max_length=settings.max_source_tokens,
        )["input_ids"]
        targets = tokenizer(
            text_target=[pair.target for pair in some], truncation=True, max_length=most
        )["input_ids"]
        examples += [
            {"input_ids": source, "labels": target}
            for source, target in zip(sources, targets, strict=True)
        ]
    return examples


class AnswerCollator:
    """Batches prompts with their answers for a decoder-only model, padded on the left.

    So all answers are at the end, and probabilities are computed for the last positions only.
    """

    def __init__(self, padding: int) -> None:
        self._padding = padding

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Return a batch whose labels are those of the answers."""
        rows = [[*example["input_ids"], *example["labels"]] for example in examples]
        width = max(map(len, rows))
        # One more: the first token of an answer is predicted at the last of its prompt.
        answers = 1 + max(len(example["labels"]) for example in examples)

        def pad(values: list[int], padding: int, length: int) -> list[int]:
            return [padding] * (length - len(values)) + values

        return {
            "input_ids": torch.tensor([pad(row, self._padding, width) for row in rows]),
            "attention_mask": torch.tensor([pad([1] * len(row), 0, width) for row in rows]),
            "labels": torch.tensor([pad(one["labels"], _IGNORED, answers) for one in examples]),
            # Positions, not their number: a slice is no contiguous tensor, and multiplied slowly.
            "logits_to_keep": torch.arange(width - answers, width),
        }


def make_trainer(
    model: Any,
    tokenizer: Any,
    train: Sequence[Example],
    dev: Sequence[Example],
    settings: GeneratorTuningSettings,
    folder: Path,
) -> Trainer:
    """Return a trainer with checkpoints in `folder`."""
    passes = -(-settings.batch_size // settings.in_memory)
    in_memory = -(-settings.batch_size // passes)
    arguments = TrainingArguments(
        **list_arguments(model, folder, settings.steps, settings),
        per_device_train_batch_size=in_memory,
        per_device_eval_batch_size=in_memory,
        gradient_accumulation_steps=passes,
        train_sampling_strategy="sequential",
        bf16=uses_bfloat16(model.device, settings.dtype),
        metric_for_best_model="loss",
        label_names=["labels"],  # not found by the library in a model with adapters
        use_cache=model.config.use_cache,  # is written into the model's own
    )
    trainer = Trainer(
        model,
        arguments,
        train_dataset=_arrange(train, in_memory, settings.steps * passes, settings.seed),
        eval_dataset=dev,
        data_collator=(
            DataCollatorForSeq2Seq(tokenizer)
            if model.config.is_encoder_decoder
            else AnswerCollator(tokenizer.pad_token_id or 0)
        ),
        processing_class=tokenizer,
    )
    trainer.model_accepts_loss_kwargs = False  # the loss is a mean: passes count alike
    return trainer


def _arrange(examples: Sequence[Example], size: int, batches: int, seed: int) -> list[Example]:
    """Return batch after batch, each of similar lengths, in an order that a resumed run repeats."""
    chance = random.Random(seed)

    def draw() -> Iterator[Example]:
        while True:
            yield from chance.sample(examples, len(examples))

    drawn = draw()
    arranged: list[list[Example]] = []
    while len(arranged) < batches:
        pool = list(islice(drawn, _POOL * size))
        lengths = [len(one["input_ids"]) + len(one["labels"]) for one in pool]
        some = list(batch_similar_lengths(lengths, size))
        arranged += [[pool[number] for number in batch] for batch in chance.sample(some, len(some))]
    return [one for batch in arranged[:batches] for one in batch]


def measure_losses(
    trainer: Trainer, pairs: Sequence[Pair], settings: GeneratorTuningSettings
) -> dict[str, float]:
    """Return the loss on pairs, in nats per token, by instruction."""
    tokenizer, causal = trainer.processing_class, not trainer.model.config.is_encoder_decoder
    losses = {}
    for name, own in _group_by_instruction(pairs):
        examples = tokenize(own, tokenizer, settings, causal=causal)
        losses[name] = trainer.evaluate(examples, metric_key_prefix="test")["test_loss"]
    return losses


def measure_rouge(
    model: Path, pairs: Sequence[Pair], settings: GeneratorTuningSettings, *, causal: bool
) -> dict[str, float]:
    """Return ROUGE-L on pairs, by instruction; a saved model writes as a generator runs it."""
    generator = (Causal if causal else Seq2Seq)(
        model=str(model),
        decoding="beam",
        beams=1,
        no_repeat_ngram=0,
        max_new_tokens=settings.max_target_tokens,
        device=settings.device,
    )
    engine, tokenizer, _ = open_model(generator, causal=causal)
    rouge = {}
    for name, own in _group_by_instruction(pairs):
        examples = tokenize(own, tokenizer, settings, causal=causal)
        answers = engine.write([Request(one["input_ids"], 0) for one in examples], generator)
        texts = [tokenizer.decode(best, skip_special_tokens=True) for best, *_ in answers]
        rouge[name] = compute_rouge_l([pair.target for pair in own], texts)
    return rouge


def _group_by_instruction(pairs: Sequence[Pair]) -> list[tuple[str, list[Pair]]]:
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[pair.name].append(pair)
    return sorted(groups.items())
