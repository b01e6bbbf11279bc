"""Any number of distinct documents, made of fewer real ones.

Sentences of documents of a like topic are shuffled and dealt out anew. What comes of it is read by
an encoder as any text, has a topic, and is in nobody's collection.
"""

import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from math import log
from pathlib import Path
from typing import NamedTuple

from corpus_tuner import Document
from corpus_tuner.text.sentences import split_sentences

_WORD = re.compile(r"[^\W\d_]{5,}")
_RARE, _COMMON = 30, 1_000
"""Least and most sources of a word that is a topic."""
_TOGETHER = 3  # sources whose sentences are shuffled
_SENTENCES = (2, 4)  # of a document


class Source(NamedTuple):
    """A real document.

    Attributes
    ----------
    title, sentences
        Title, and sentences of the text.
    topic
        Language, and the word with the highest tf-idf weight.
    """

    title: str
    sentences: Sequence[str]
    topic: str


def read_sources(files: Sequence[Path], most: int | None = None) -> list[Source]:
    """Read real documents: JSON lines with ``source``, ``target`` (the title) and ``language``.

    Parameters
    ----------
    files
        Files compressed by gzip.
    most
        Number of documents of every file; by default all.
    """
    records = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            records += [json.loads(line) for line in islice(lines, most)]
    words = [_WORD.findall(record["source"].lower()) for record in records]
    known = Counter(word for own in words for word in set(own))
    return [
        Source(
            record["target"],
            split_sentences(record["source"], record["language"]),
            f"{record['language']} {_choose_topic(own, known, len(records))}",
        )
        for record, own in zip(records, words, strict=True)
    ]


def recombine(sources: Sequence[Source], seed: int = 0) -> Iterator[Document]:
    """Yield documents without end, each text once, the same ones for the same seed."""
    of_topic = defaultdict(list)
    for source in sources:
        of_topic[source.topic].append(source)
    chance = random.Random(seed)
    seen: set[int] = set()
    while True:
        first = chance.choice(sources)
        others = of_topic[first.topic]
        together = [first, *chance.sample(others, min(_TOGETHER - 1, len(others)))]
        sentences = list({sentence: None for one in together for sentence in one.sentences})
        chance.shuffle(sentences)
        text = " ".join(sentences[: chance.randint(*_SENTENCES)])
        # Python's own hash of a text differs from run to run, but not whether two are equal.
        if (key := hash((first.title, text))) not in seen:
            seen.add(key)
            yield Document(f"{len(seen) - 1:07}", first.title, text, {"topic": first.topic})


def _choose_topic(words: Sequence[str], known: Counter[str], total: int) -> str:
    """Return the word of a text with the highest tf-idf weight."""
    counts = Counter(word for word in words if _RARE <= known[word] <= _COMMON)
    weights = {word: count * log(total / known[word]) for word, count in counts.items()}
    return max(weights, key=lambda word: (weights[word], word), default="")
