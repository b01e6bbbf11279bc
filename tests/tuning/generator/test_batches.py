"""Batches of tokenized pairs."""

from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.documents import Document
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.tuning.generator.batches import IGNORED, Example, collate, make_epoch, tokenize
from corpus_tuner.tuning.generator.pairs import Pair


@given(
    sizes=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 60), min_size=1),
    balance=st.floats(0, 1),
    number=st.integers(0, 3),
)
def test_an_epoch_shares_its_pairs_by_balance(
    sizes: dict[str, int], balance: float, number: int
) -> None:
    tokens = np.arange(3, dtype=np.int32)
    examples = [Example(name, tokens, tokens) for name, size in sizes.items() for _ in range(size)]
    settings = GeneratorTuningSettings(batch_size=4)
    with patch.object(GeneratorTuningSettings, "balance", balance):
        batches = make_epoch(examples, settings, number)
        assert batches == make_epoch(examples, settings, number)
    drawn = [examples[index].group for batch in batches for index in batch]
    weights = {name: size**balance for name, size in sizes.items()}
    for name, weight in weights.items():
        share = len(examples) * weight / sum(weights.values())
        assert abs(drawn.count(name) - share) <= 1


def test_examples_are_padded_to_one_length() -> None:
    tokens = [np.array(row, dtype=np.int32) for row in ([5, 6, 7], [8], [4, 2], [9, 4, 2])]
    batch = collate([Example("a", tokens[0], tokens[2]), Example("a", tokens[1], tokens[3])], 0, 1)
    assert batch.source.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch.mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch.labels.tolist() == [[4, 2, IGNORED], [9, 4, 2]]
    assert batch.inputs.tolist() == [[1, 4, 2], [1, 9, 4]]  # labels, shifted by the start


def test_pairs_are_tokenized_up_to_the_lengths_of_the_settings(tokenizer: Any) -> None:
    instruction = Instruction("title", "en", "mill: {text}")
    pair = Pair(Document("", "", "river " * 20), instruction, "wheat " * 20)
    settings = GeneratorTuningSettings(max_source_tokens=9, max_target_tokens=5)
    (example,) = tokenize([pair], tokenizer, settings)
    assert example.group == "title-en"
    assert (len(example.source), len(example.target)) == (9, 5)
    whole = tokenizer("mill: " + "river " * 20)["input_ids"]
    assert example.source[:-1].tolist() == whole[:8]
