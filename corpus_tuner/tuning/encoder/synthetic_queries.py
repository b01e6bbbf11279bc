"""What asks for a document: its title, a sentence of it, words of one, a question written for it.

People ask in fewer words than authors write, so sentences lose some of theirs, and may be left in
the passage or be taken out: the inverse cloze task (Lee, Chang and Toutanova, ACL 2019).
"""

import hashlib
import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.languages import Languages
from corpus_tuner.text.sentences import split_sentences

_LEAST_WORDS = 4  # of a sentence that can ask
_DROPPED = 0.4  # share of words that are dropped, at most
_FEW = (2, 5)  # words that are left where only some are asked with
_MOST_WORDS = 24  # of a question
_LONG = 3  # letters: what is longer is likely a word that says something
_BEFORE, _AFTER = 2, 3  # sentences around the one that asks, at most
_TITLED = 0.6  # share of the passages that have their title in front
_ASKING = {
    "en": "what|who|how|when|where|why|which|how many|what is|how do I|can I",
    "de": "was|wer|wie|wann|wo|warum|welche|wie viele|was ist|wie kann ich|muss man",
    "pt": "o que|quem|como|quando|onde|por que|qual|quantos|o que é|como posso",
}
"""Words that questions begin with, and documents do not: they must come to mean nothing."""


class Question(NamedTuple):
    """A text, and a passage of the document that it asks for."""

    text: str
    passage: str


class Asked(NamedTuple):
    """A document, and what was written for it.

    Attributes
    ----------
    document
        The document.
    written
        Questions that a generator wrote for it, and checks accepted.
    """

    document: Document
    written: Sequence[str] = ()


def drawn(documents: Iterable[Document], most: int, seed: int) -> list[Document]:
    """Return at most so many documents in an order that only their contents decide."""
    keyed = (
        (
            hashlib.sha256(f"{seed} {compute_digest(document)}".encode()).hexdigest(),
            number,
            document,
        )
        for number, document in enumerate(documents)
    )
    return [document for *_, document in heapq.nsmallest(most, keyed)]


def questions(
    asked: Sequence[Asked],
    languages: Languages,
    left_in: float,
    seed: int,
    topics: Sequence[Sequence[int]] = (),
) -> Iterator[tuple[int, Question]]:
    """Yield questions without end, with the position of their document: an epoch has one of each.

    Parameters
    ----------
    asked
        The documents.
    languages
        That the documents are in.
    left_in
        Share of the sentences that ask for a passage which still has them.
    seed
        Of all choices.
    topics
        Positions of documents that are asked for one after the other.
    """
    chance = random.Random(seed)
    order = [list(topic) for topic in topics] or [[position] for position in range(len(asked))]
    while True:
        chance.shuffle(order)
        for topic in order:
            chance.shuffle(topic)
        for position in chain.from_iterable(order):
            one = asked[position]
            question = _question(one, languages.detect(one.document), left_in, chance)
            if question:
                yield position, question


def _question(
    asked: Asked, language: str, left_in: float, chance: random.Random
) -> Question | None:
    """Return one question for a document; none where it has too little text."""
    document = asked.document
    sentences = [" ".join(part.split()) for part in split_sentences(document.text, language)]
    usable = [number for number, text in enumerate(sentences) if len(text.split()) >= _LEAST_WORDS]
    if not usable:
        passage = " ".join(sentences)
        asks = document.title if document.title and passage else ""
        return Question(asks, passage) if asks else None
    number = chance.choice(usable)
    first = max(0, number - chance.randint(0, _BEFORE))
    window = range(first, min(len(sentences), number + 1 + chance.randint(0, _AFTER)))
    kind = chance.random()
    if document.title and kind < 0.15:
        return Question(document.title, " ".join(sentences[other] for other in window))
    if asked.written and kind < 0.5:
        whole = f"{document.title} {document.text}".strip()
        return Question(chance.choice(asked.written), whole)
    keep = chance.random() < left_in
    rest = " ".join(sentences[other] for other in window if keep or other != number)
    title = document.title if chance.random() < _TITLED else ""
    passage = f"{title} {rest or sentences[number]}".strip()
    words = _shortened(sentences[number].split(), chance)
    if chance.random() < 0.5:
        words = [chance.choice(_ASKING.get(language, _ASKING["en"]).split("|")), *words]
    return Question(" ".join(words), passage)


def _shortened(words: list[str], chance: random.Random) -> list[str]:
    """Return some words of a sentence, in order: most of them, or the few that say something."""
    if chance.random() < 0.4:
        dropped = chance.uniform(0, _DROPPED)
        return [word for word in words if chance.random() >= dropped][:_MOST_WORDS] or words
    bare = [word.strip(".,;:!?()[]\"'„“”«»") for word in words]
    telling = [
        word for word in bare if len(word) > _LONG and (word[0].isupper() or chance.random() < 0.5)
    ]
    telling = telling or [word for word in bare if word] or words
    count = min(len(telling), chance.randint(*_FEW))
    return [telling[number] for number in sorted(chance.sample(range(len(telling)), count))]
