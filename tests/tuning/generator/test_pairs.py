"""Reading and splitting training pairs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.tuning.generator.pairs import Pair, read_pairs, split_pairs


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"task": "poem", "language": "en", "source": "a", "target": "b"}', "'task': 'poem'"),
        ('{"task": "title", "language": "en", "source": "a", "target": " "}', "'target'"),
        ('{"task": "title", "language": "en", "source": 3, "target": "b"}', "'source'"),
        ('{"task": "title"', "broken JSON"),
    ],
)
def test_bad_pairs_are_named_by_line(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    good = '{"task": "title", "language": "en", "source": "a", "target": "b"}'
    file.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=message) as raised:
        list(read_pairs(file))
    assert "pairs.jsonl:2" in str(raised.value)


def _pair(document: int, kind: str, target: str = "a") -> Pair:
    return Pair(Document("", "", f"text {document}"), Instruction(kind, "en", "{text}"), target)


@given(
    documents=st.integers(20, 80),
    most=st.integers(60, 200),
    seed=st.integers(0, 5),
    twice=st.booleans(),
)
def test_no_document_is_in_two_parts(documents: int, most: int, seed: int, twice: bool) -> None:
    pairs = [_pair(number, kind) for number in range(documents) for kind in ("title", "question")]
    if twice:
        pairs += pairs
    split = split_pairs(pairs, 5, 5, most, seed)
    parts = [{pair.document.text for pair in part} for part in split]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert sum(map(len, split)) == min(2 * documents, most)
    assert split == split_pairs(reversed(pairs), 5, 5, most, seed)


def test_too_few_pairs() -> None:
    with pytest.raises(CorpusTunerError, match="too few"):
        split_pairs([_pair(number, "title") for number in range(19)], 5, 5, 100, 0)
