"""Pseudo-queries: queries without labels whose source document is the expected answer.

The task is the inverse cloze task (Lee, Chang and Toutanova, "Latent Retrieval for Weakly
Supervised Open Domain Question Answering", ACL 2019).
"""

import hashlib
import heapq
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.documents import Document
from corpus_tuner.encoders.tuning_report import find_held_out
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.text.passages import split_front
from corpus_tuner.text.sentences import split_sentences

QUERIES_PER_SENTENCE = 2
"""Number of pseudo-queries of a held-out sentence, which follow each other in all lists."""
_HEAD = 8  # words of a sentence in the first pseudo-query
_DROPPED = 0.4  # share of the words that the second one lacks
_LEAST_WORDS = 4  # of a sentence


class PseudoQueries(NamedTuple):
    """Two pseudo-queries of a document.

    Attributes
    ----------
    rest
        The document without the held-out sentence.
    queries
        The queries.
    sentence
        The held-out sentence, with single spaces.
    ordinal
        Ordinal of the document in an index.
    """

    rest: Document
    queries: tuple[str, str]
    sentence: str
    ordinal: int = -1


def take_out_sentence(
    document: Document, language: str, generator: random.Random, ordinal: int = -1
) -> PseudoQueries | None:
    """Take a sentence out of a document; ``None`` if it has none to spare.

    `generator` chooses the sentence, and the words that are dropped from it.

    Examples
    --------
    >>> document = Document("d", "", "The mill stands by the river. Bakers buy flour there.")
    >>> held_out = take_out_sentence(document, "en", random.Random(0))
    >>> held_out.rest.text, held_out.queries[0]
    ('The mill stands by the river.', 'Bakers buy flour there.')
    """
    sentences = [" ".join(part.split()) for part in split_sentences(document.text, language)]
    usable = [text for text in sentences if len(text.split()) >= _LEAST_WORDS]
    sentence = generator.choice(usable) if usable else ""
    remaining = " ".join(text for text in sentences if text != sentence)
    if not sentence or not f"{document.title}{remaining}".strip():
        return None
    words = sentence.split()
    some = [word for word in words if generator.random() >= _DROPPED] or words
    queries = (" ".join(words[:_HEAD]), " ".join(some))
    return PseudoQueries(
        Document(document.id, document.title, remaining), queries, sentence, ordinal
    )


def sample_sentences(searcher: Searcher, count: int, seed: int) -> Iterator[PseudoQueries]:
    """Yield at most `count` windows of an index with a held-out sentence each.

    A window is a long document's passage or another document as a whole, so that long documents
    have as many pseudo-queries as they have text. Of a long document, the window without the
    sentence is what remains. Windows and sentences are chosen by the contents of documents, so that
    they do not depend on the order of the corpus or on segments.

    An encoder that was fine-tuned on documents of the index finds their sentences more easily than
    real queries: then documents that were held out from training are chosen.
    """
    segments = searcher.segments
    languages = searcher.manifest.build.known_languages
    held_out = find_held_out(searcher.encoder.name)
    chosen = _sample_windows(segments, 10 * count, seed, held_out)
    for key, ordinal, window in chosen or _sample_windows(segments, 10 * count, seed):
        if not count:
            return
        document = _read_window(segments, ordinal, window)
        generator = random.Random(key)
        queries = take_out_sentence(document, languages.detect(document), generator, ordinal)
        if queries:
            count -= 1
            yield queries


def _sample_windows(
    segments: Segments, count: int, seed: int, only: frozenset[str] = frozenset()
) -> list[tuple[str, int, int]]:
    """Return random keys of windows, the ordinals of their documents, and their positions there.

    They are windows of documents with these digests only, if some are given.
    """
    return heapq.nsmallest(
        count,
        (
            (hashlib.sha256(f"{seed} {digest}{window or ''}".encode()).hexdigest(), ordinal, window)
            for ordinal, digest in segments.read_digests()
            if not only or digest in only
            for window in range(segments.windows[ordinal])
        ),
    )


def _read_window(segments: Segments, ordinal: int, window: int) -> Document:
    """Return a document, or a window of a long one as a document."""
    if segments.windows[ordinal] == 1:
        return segments.read_document(ordinal)
    (stored,) = segments.read_stored(np.array([ordinal]))
    front, text = split_front(stored.document, [*stored.passages.values()][window])
    return replace(stored.document, title=front, text=text)
