"""Documents that are asked for with a sentence that they no longer have: queries without labels.

The task is the inverse cloze task (Lee, Chang and Toutanova, "Latent Retrieval for Weakly
Supervised Open Domain Question Answering", ACL 2019).
"""

import hashlib
import heapq
import random
from collections.abc import Iterator
from typing import NamedTuple

from corpus_tuner.core.documents import Document
from corpus_tuner.encoders.tuning_report import find_held_out
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.text.sentences import split_sentences

_HEAD = 8  # words that are left of a sentence in the one kind of pseudo-query
_DROPPED = 0.4  # share of words that are dropped in the other
_LEAST_WORDS = 4  # of a sentence that can be asked with


class HeldOut(NamedTuple):
    """What is left of a document, and two queries of what was taken out."""

    rest: Document
    queries: tuple[str, str]


class Asked(NamedTuple):
    """A document of an index that is asked for, and what is left of it then."""

    ordinal: int
    rest: Document
    queries: tuple[str, str]


def hold_out(document: Document, language: str, chance: random.Random) -> HeldOut | None:
    """Take a sentence out of a document; ``None`` where it has none to spare.

    Parameters
    ----------
    document
        The document.
    language
        Of it, ISO 639-1.
    chance
        Chooses the sentence, and the words that are dropped from it.

    Examples
    --------
    >>> document = Document("d", "", "The mill stands by the river. Bakers buy flour there.")
    >>> held_out = hold_out(document, "en", random.Random(0))
    >>> held_out.rest.text, held_out.queries[0]
    ('The mill stands by the river.', 'Bakers buy flour there.')
    """
    sentences = [" ".join(part.split()) for part in split_sentences(document.text, language)]
    usable = [text for text in sentences if len(text.split()) >= _LEAST_WORDS]
    sentence = chance.choice(usable) if usable else ""
    left_over = " ".join(text for text in sentences if text != sentence)
    if not sentence or not f"{document.title}{left_over}".strip():
        return None
    words = sentence.split()
    left = [word for word in words if chance.random() >= _DROPPED] or words
    queries = (" ".join(words[:_HEAD]), " ".join(left))
    return HeldOut(Document(document.id, document.title, left_over), queries)


def draw(searcher: Searcher, wanted: int, seed: int) -> Iterator[Asked]:
    """Yield documents of an index, each with a sentence taken out, at most so many.

    Documents and sentences are chosen by the documents' contents, so that the order of the corpus,
    and the segments that they are in, do not matter. An encoder that was tuned on documents of the
    index finds their sentences as it will not find what people ask: then those are chosen that were
    kept from it.
    """
    segments = searcher.segments
    languages = searcher.manifest.build.known_languages
    kept = find_held_out(searcher.encoder.name)
    chosen = _by_chance(segments, 10 * wanted, seed, kept) or _by_chance(
        segments, 10 * wanted, seed
    )
    for drawn, ordinal in chosen:
        if not wanted:
            return
        chance = random.Random(drawn)
        document = segments.read_document(ordinal)
        held_out = hold_out(document, languages.detect(document), chance)
        if held_out:
            wanted -= 1
            yield Asked(ordinal, *held_out)


def draw_with_questions(searcher: Searcher, wanted: int, seed: int) -> Iterator[Asked]:
    """Yield documents of an index with questions that a generator wrote, two of them at most.

    Nothing is taken out of a document; what was generated is no part of it.
    """
    segments = searcher.segments
    for _, ordinal in _by_chance(segments, 10 * wanted, seed):
        if not wanted:
            return
        asking = [view.text for view in segments.read_views(ordinal) if view.kind == "question"]
        if asking:
            wanted -= 1
            yield Asked(ordinal, segments.read_document(ordinal), (asking[0], asking[-1]))


def _by_chance(
    segments: Segments, most: int, seed: int, only: frozenset[str] = frozenset()
) -> list[tuple[str, int]]:
    """Return some documents by chance, `only` those of these digests if there are any."""
    return heapq.nsmallest(
        most,
        (
            (hashlib.sha256(f"{seed} {digest}".encode()).hexdigest(), ordinal)
            for ordinal, digest in segments.read_digests()
            if not only or digest in only
        ),
    )
