"""Synthetic queries to train on: titles, words of sentences, and generated questions.

Queries have fewer words than sentences, so some words are dropped; the sentence may stay in the
passage or be removed: the inverse cloze task (Lee, Chang and Toutanova, ACL 2019).
"""

import hashlib
import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.languages import Languages
from corpus_tuner.text.sentences import split_sentences

_LEAST_WORDS = 4  # of a sentence that becomes a query
_DROPPED = 0.4  # largest share of dropped words
_FEW = (2, 5)  # words of a short query
_MOST_WORDS = 24  # of a query
_SHORT = 3  # letters of a word that is likely a function word
_BEFORE, _AFTER = 2, 3  # most sentences of the passage around that of the query
_TITLED = 0.6  # share of passages with a title
_QUESTION_WORDS = {
    "en": "what|who|how|when|where|why|which|how many|what is|how do I|can I",
    "de": "was|wer|wie|wann|wo|warum|welche|wie viele|was ist|wie kann ich|muss man",
    "pt": "o que|quem|como|quando|onde|por que|qual|quantos|o que é|como posso",
}
"""Beginnings of questions, which documents rarely have: the encoder learns to ignore them."""


class SyntheticQuery(NamedTuple):
    """Text of a query, and the relevant passage."""

    text: str
    passage: str


def sample_documents(documents: Iterable[Document], most: int, seed: int) -> list[Document]:
    """Return at most so many documents, in an order that depends only on their contents."""
    keyed = (
        (hashlib.sha256(f"{seed} {compute_digest(one)}".encode()).hexdigest(), number, one)
        for number, one in enumerate(documents)
    )
    return [document for *_, document in heapq.nsmallest(most, keyed)]


def generate_queries(
    documents: Sequence[Document],
    languages: Languages,
    left_in: float,
    seed: int,
    questions: Sequence[Sequence[str]] = (),
) -> Iterator[tuple[int, SyntheticQuery]]:
    """Yield queries without end, with the position of their document; an epoch has one of each.

    Parameters
    ----------
    documents
        Documents.
    languages
        Languages of the documents.
    left_in
        Share of the sentences that stay in the passage.
    seed
        Seed of all choices.
    questions
        Generated questions of every document.
    """
    chance = random.Random(seed)
    order = list(range(len(documents)))
    while True:
        chance.shuffle(order)
        for position in order:
            document = documents[position]
            generated = questions[position] if questions else ()
            query = _make_query(document, generated, languages.detect(document), left_in, chance)
            if query:
                yield position, query


def _make_query(
    document: Document,
    questions: Sequence[str],
    language: str,
    left_in: float,
    chance: random.Random,
) -> SyntheticQuery | None:
    """Return one query for a document; ``None`` if it has too little text."""
    sentences = [" ".join(part.split()) for part in split_sentences(document.text, language)]
    usable = [number for number, text in enumerate(sentences) if len(text.split()) >= _LEAST_WORDS]
    if not usable:
        passage = " ".join(sentences)
        return SyntheticQuery(document.title, passage) if document.title and passage else None
    number = chance.choice(usable)
    first = max(0, number - chance.randint(0, _BEFORE))
    window = range(first, min(len(sentences), number + 1 + chance.randint(0, _AFTER)))
    kind = chance.random()
    if document.title and kind < 0.15:
        return SyntheticQuery(document.title, " ".join(sentences[other] for other in window))
    if questions and kind < 0.5:
        return SyntheticQuery(chance.choice(questions), f"{document.title} {document.text}".strip())
    keep = chance.random() < left_in
    rest = " ".join(sentences[other] for other in window if keep or other != number)
    title = document.title if chance.random() < _TITLED else ""
    passage = f"{title} {rest or sentences[number]}".strip()
    words = _drop_words(sentences[number].split(), chance)
    if chance.random() < 0.5:
        beginnings = _QUESTION_WORDS.get(language, _QUESTION_WORDS["en"]).split("|")
        words = [chance.choice(beginnings), *words]
    return SyntheticQuery(" ".join(words), passage)


def _drop_words(words: list[str], chance: random.Random) -> list[str]:
    """Return some words of a sentence, in order: most of them, or a few content words."""
    if chance.random() < 0.4:
        dropped = chance.uniform(0, _DROPPED)
        return [word for word in words if chance.random() >= dropped][:_MOST_WORDS] or words
    bare = [word.strip(".,;:!?()[]\"'„“”«»") for word in words]
    content = [
        word for word in bare if len(word) > _SHORT and (word[0].isupper() or chance.random() < 0.5)
    ]
    content = content or [word for word in bare if word] or words
    count = min(len(content), chance.randint(*_FEW))
    return [content[number] for number in sorted(chance.sample(range(len(content)), count))]
