"""Views of documents: their own views, and those that generators write and checks accept."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Encoder, Span, Vectors
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Verdict
from corpus_tuner.generation.generators import (
    Generator,
    IncompleteError,
    Written,
    drop_repeated_keywords,
    normalize_texts,
)
from corpus_tuner.generation.ledger import Ledger, make_ledger_key
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from corpus_tuner.text.views import make_own_views

ShowStage = Callable[[str, float], None]
"""Called with the name of a stage, and the work done in documents."""

_READING = 0.6  # share of the work on a document with a generated view, about

REJECTED = "rejected: "
"""Prefix of a check and its reason in the counts."""


@dataclass(frozen=True, slots=True)
class EnrichedDocument:
    """A document with its views.

    Attributes
    ----------
    document
        The document.
    own
        Views of the document's own words.
    generated
        Generated views that the checks accepted.
    vectors
        Vectors of the own and then the generated views, float32, shape (views, dimension).
    counts
        ``split_documents`` with several passages, ``cut_sources`` that were too long for a
        generator, ``unanswered`` instructions that gave no text, ``written`` views, and
        ``rejected: CHECK: REASON``.
    """

    document: Document
    own: list[View]
    generated: list[View]
    vectors: Vectors
    counts: Counter[str]

    @property
    def views(self) -> list[View]:
        """All views, in the order of the vectors."""
        return [*self.own, *self.generated]


class Draft(NamedTuple):
    """A document with all generated views, before the checks.

    Attributes
    ----------
    document
        The document.
    own
        Views of the document's own words.
    own_vectors
        Vectors of the own views.
    written
        Generated views.
    counts
        Counts as in `EnrichedDocument`.
    """

    document: Document
    own: list[View]
    own_vectors: Vectors
    written: list[Candidate]
    counts: Counter[str]

    @property
    def candidates(self) -> list[Candidate]:
        """Views to check: those of generators that may invent."""
        return [one for one in self.written if one.view.invented]

    def accept(self, verdicts: Sequence[Verdict]) -> EnrichedDocument:
        """Return the document with the accepted views, given the verdicts on the candidates."""
        counts = Counter(self.counts)
        counts["written"] += len(self.written)
        counts.update(f"{REJECTED}{one.check}: {one.reason}" for one in verdicts if one.reason)
        remaining = iter(verdicts)
        judged = [(one, next(remaining) if one.view.invented else ACCEPTED) for one in self.written]
        accepted = [(one, verdict) for one, verdict in judged if not verdict.reason]
        generated = [replace(one.view, support=verdict.support) for one, verdict in accepted]
        vectors = np.concatenate([self.own_vectors, *(one.vector[None] for one, _ in accepted)])
        return EnrichedDocument(self.document, self.own, generated, vectors, counts)


class _Text(NamedTuple):
    """A generated view, with its ledger key, spans of the document, and language."""

    key: str
    view: View
    spans: tuple[Span, ...]
    language: str


def draft_views(
    documents: Sequence[Document], opened: OpenRecipe, ledger: Ledger, show_stage: ShowStage
) -> list[Draft]:
    """Encode documents and generate their views, before the checks.

    Documents are processed together for speed; the result is that of each by itself.
    """
    languages = [opened.languages.detect(document) for document in documents]
    own = [
        make_own_views(document, language, opened.recipe.views)
        for document, language in zip(documents, languages, strict=True)
    ]
    spans = [
        [
            *(span for _, span in views),
            *(
                span
                for generator, _ in opened.generators[language]
                for span in generator.spans(document, language)
            ),
        ]
        for document, language, views in zip(documents, languages, own, strict=True)
    ]
    show_stage("reading", 0)
    encoded = opened.reader.encode(
        documents, spans, lambda read: show_stage("reading", _READING * read)
    )
    texts: list[list[_Text]] = [[] for _ in documents]
    counts = [Counter(split_documents=int(len(one.passages) > 1)) for one in encoded]
    for language in dict.fromkeys(languages):
        numbers = [number for number, one in enumerate(languages) if one == language]
        group = [encoded[number] for number in numbers]
        tasks = [(one, each) for one, prompts in opened.generators[language] for each in prompts]
        for generator, instruction in tasks:
            show_stage(f"writing {instruction.kind}", 0)
            sources = [
                (number, replace(one, document=source))
                for number, one in zip(numbers, group, strict=True)
                for source in instruction.list_sources(
                    one.document, [view.text for view in one.passages]
                )
            ]
            all_written = write_views([one for _, one in sources], instruction, generator, ledger)
            for (number, one), written in zip(sources, all_written, strict=True):
                counts[number]["cut_sources"] += written.cut
                counts[number]["unanswered"] += generator.invents and not written.texts
                texts[number] += _make_texts(one.document, instruction, generator, written)
    drafts = []
    for one, views, some, vectors, count in zip(
        encoded, own, texts, _encode_texts(opened.encoder, encoded, texts), counts, strict=True
    ):
        own_views, own_vectors = one.add_views(views)
        candidates = [
            Candidate(one.document, own_views, own_vectors, view, vector, language, key)
            for (key, view, _, language), vector in zip(some, vectors, strict=True)
        ]
        drafts.append(Draft(one.document, own_views, own_vectors, candidates, count))
    return drafts


def write_views(
    documents: Sequence[EncodedDocument],
    instruction: Instruction,
    generator: Generator,
    ledger: Ledger,
) -> list[Written]:
    """Return the texts of a generator for every document, from the ledger or else into it.

    Extracted texts are not stored: they cost no time, and depend on the encoder.
    """
    if not generator.invents:
        return generator.generate(documents, instruction)
    keys = [make_ledger_key(one.document, instruction, generator.identity) for one in documents]
    known = ledger.get(keys)
    missing = {key: one for key, one in zip(keys, documents, strict=True) if key not in known}
    if missing:
        written: Mapping[int, Written] = {}
        try:
            written = dict(enumerate(generator.generate(list(missing.values()), instruction)))
        except IncompleteError as error:
            written = error.written
            raise
        finally:
            new = {key: written[number] for number, key in enumerate(missing) if number in written}
            ledger.put(new, instruction.kind, generator.identity)
        known |= new
    return [known[key] for key in keys]


def _make_texts(
    document: Document, instruction: Instruction, generator: Generator, written: Written
) -> Iterator[_Text]:
    key = make_ledger_key(document, instruction, generator.identity)
    texts = written.texts
    if generator.invents and instruction.kind == "keywords":
        texts = normalize_texts(map(drop_repeated_keywords, texts))
    for text, spans in zip(texts, written.spans or ((),) * len(texts), strict=True):
        view = View(
            document.id, instruction.kind, text, generator.identity, invented=generator.invents
        )
        yield _Text(key, view, spans, instruction.language)


def _encode_texts(
    encoder: Encoder, documents: Sequence[EncodedDocument], texts: Sequence[Sequence[_Text]]
) -> Iterator[list[Vectors]]:
    """Yield the vectors of the texts of every document: pooled from spans, or else encoded."""
    new = [text.view.text for some in texts for text in some if not text.spans]
    vectors = iter(encoder.encode_documents(new))
    for document, some in zip(documents, texts, strict=True):
        yield [
            document.combine_vectors(text.spans) if text.spans else next(vectors) for text in some
        ]
