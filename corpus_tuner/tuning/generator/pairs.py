"""Training pairs of a generator: a document with an instruction, and the target text."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.documents import Document
from corpus_tuner.core.records import BadRecord, read_json_lines
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.prompts import (
    CONTEXT,
    KINDS,
    Instruction,
    Templates,
    load_instructions,
)

_FIELDS = ("task", "language", "source", "target")
_TASKS = [kind for kind in KINDS if kind != CONTEXT]  # a pair names no passage
_MOST_HELD_OUT = 20  # one in so many of an instruction's pairs, for each of dev and test


class Pair(NamedTuple):
    """Document and instruction, with the target text."""

    document: Document
    instruction: Instruction
    target: str

    @property
    def name(self) -> str:
        """Name of the instruction, such as ``question-en``."""
        return f"{self.instruction.kind}-{self.instruction.language}"


class Split(NamedTuple):
    """Pairs for training, early stopping and testing; no document is in two of them."""

    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]


def read_pairs(path: Path, instructions: Templates | None = None) -> Iterator[Pair]:
    """Yield the pairs of a file.

    Parameters
    ----------
    path
        File with one JSON object per line (gzipped or not), with ``task`` (a kind of view),
        ``language``, ``source`` and ``target``.
    instructions
        User's templates.

    Raises
    ------
    CorpusTunerError
        If a line is no such object, or a field is empty.
    """
    loaded: dict[tuple[str, str], Instruction] = {}
    for record in read_json_lines(path):
        if isinstance(record, BadRecord):
            raise CorpusTunerError(str(record))
        task, language, source, target = (
            _check_text(record.fields.get(name), name, record.location) for name in _FIELDS
        )
        if task not in _TASKS:
            raise CorpusTunerError(
                f"{record.location}, field 'task': {task!r} is none of {', '.join(_TASKS)}"
            )
        if (task, language) not in loaded:
            (loaded[task, language],) = load_instructions((task,), language, instructions)
        yield Pair(Document("", "", source), loaded[task, language], target)


def split_pairs(pairs: Iterable[Pair], dev: int, test: int, most: int, seed: int) -> Split:
    """Split pairs of every instruction by their documents.

    Parameters
    ----------
    pairs
        All pairs.
    dev, test
        Number of pairs of every instruction that are held out, at most one in twenty.
    most
        Number of pairs that are used, chosen by their documents as well.
    seed
        Seed of the choice.

    Raises
    ------
    CorpusTunerError
        If there are too few pairs for a held-out part.
    """
    unique = {_compute_order(pair, seed): pair for pair in pairs}
    drawn = [(key[0], unique[key]) for key in sorted(unique)[:most]]
    by_instruction: dict[Instruction, list[tuple[str, Pair]]] = defaultdict(list)
    for each in drawn:
        by_instruction[each[1].instruction].append(each)
    held_out: dict[str, str] = {}
    for own in by_instruction.values():
        share = len(own) // _MOST_HELD_OUT
        # Whole documents are held out, with their pairs of other instructions.
        missing = Counter(dev=min(dev, share), test=min(test, share))
        for document, _ in own:
            part = held_out.get(document) or next(
                (each for each in missing if missing[each] > 0), ""
            )
            if part:
                held_out[document] = part
                missing[part] -= 1
    parts: dict[str, list[Pair]] = {"train": [], "dev": [], "test": []}
    for document, pair in drawn:
        parts[held_out.get(document, "train")].append(pair)
    if not parts["dev"]:
        raise CorpusTunerError(
            f"too few pairs to tune on: {len(drawn)}, at least {_MOST_HELD_OUT} of an "
            "instruction are needed"
        )
    return Split(parts["train"], parts["dev"], parts["test"])


def count_pairs(pairs: Sequence[Pair]) -> dict[str, int]:
    """Count pairs by instruction, named as ``question-en``.

    Examples
    --------
    >>> instruction = Instruction("title", "en", "Name it: {text}")
    >>> count_pairs([Pair(Document("", "", "A mill grinds."), instruction, "Mills")])
    {'title-en': 1}
    """
    return dict(sorted(Counter(pair.name for pair in pairs).items()))


def _compute_order(pair: Pair, seed: int) -> tuple[str, str, str, str]:
    """Return a key that orders pairs at random, those of one document together."""
    text = f"{seed}\n{pair.document.title}\n{pair.document.text}"
    document = hashlib.sha256(text.encode()).hexdigest()
    return document, pair.instruction.kind, pair.instruction.language, pair.target


def _check_text(value: object, name: str, location: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CorpusTunerError(f"{location}, field {name!r}: must be a text that is not empty")
    return value.strip()
