"""Pseudo-queries: queries without labels whose source document is the expected answer.

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
    ordinal
        Ordinal of the document in an index.
    """

    rest: Document
    queries: tuple[str, str]
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
    return PseudoQueries(Document(document.id, document.title, remaining), queries, ordinal)


def sample_sentences(searcher: Searcher, count: int, seed: int) -> Iterator[PseudoQueries]:
    """Yield at most `count` documents of an index with a held-out sentence each.

    Documents and sentences are chosen by the contents of documents, so that they do not depend on
    the order of the corpus or on segments.
    An encoder that was fine-tuned on documents of the index finds their sentences more easily than
    real queries: then documents that were held out from training are chosen.
    """
    segments = searcher.segments
    languages = searcher.manifest.build.known_languages
    held_out = find_held_out(searcher.encoder.name)
    chosen = _sample_documents(segments, 10 * count, seed, held_out)
    for key, ordinal in chosen or _sample_documents(segments, 10 * count, seed):
        if not count:
            return
        document = segments.read_document(ordinal)
        generator = random.Random(key)
        queries = take_out_sentence(document, languages.detect(document), generator, ordinal)
        if queries:
            count -= 1
            yield queries


def _sample_documents(
    segments: Segments, count: int, seed: int, only: frozenset[str] = frozenset()
) -> list[tuple[str, int]]:
    """Return random keys and ordinals of documents, `only` those of these digests if given."""
    return heapq.nsmallest(
        count,
        (
            (hashlib.sha256(f"{seed} {digest}".encode()).hexdigest(), ordinal)
            for ordinal, digest in segments.read_digests()
            if not only or digest in only
        ),
    )
