"""Enrich documents: to their own views add what a generator writes and the checks accept."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Span, Vectors
from corpus_tuner.generation.checks import Candidate, Check, Verdict, judge
from corpus_tuner.generation.generators import Generator, IncompleteError, Written
from corpus_tuner.generation.ledger import Ledger, StoredVerdict, make_ledger_key
from corpus_tuner.generation.open_recipe import PromptedGenerator
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import DocumentEncoder, EncodedDocument
from corpus_tuner.text.views import ViewSettings, make_own_views

Watch = Callable[[str, float], None]
"""Called with what is being done, and how many documents' worth of work was done of it."""

_READING = 0.6  # of the work that a document makes, about, where a model writes for it

REJECTED = "rejected: "
"""Before the check and its reason, in the counts."""


@dataclass(frozen=True, slots=True)
class EnrichedDocument:
    """A document with its views.

    Attributes
    ----------
    document
        It.
    own, generated
        Its views: its own words, and what was written and accepted.
    vectors
        Of the own and then the generated views, float32, shape (views, dimension).
    counts
        ``long_documents`` with several passages, ``cut_sources`` that a generator could not read
        whole, ``written`` views, and ``rejected: CHECK: REASON``.
    """

    document: Document
    own: list[View]
    generated: list[View]
    vectors: Vectors
    counts: Counter[str]

    @property
    def views(self) -> list[View]:
        """All of them, in the order of the vectors."""
        return [*self.own, *self.generated]


def _list_tasks(generators: Sequence[PromptedGenerator]) -> Iterator[tuple[Generator, Instruction]]:
    for generator, instructions in generators:
        for instruction in instructions:
            yield generator, instruction


class _Text(NamedTuple):
    """Something that was written for a document.

    Attributes
    ----------
    key
        Of its entry in the ledger.
    view
        It, as a view.
    spans
        Of the document, that it is made of.
    language
        That was asked for.
    """

    key: str
    view: View
    spans: tuple[Span, ...]
    language: str


class Enrichment:
    """Makes the views of documents, each by itself.

    Parameters
    ----------
    reader
        Reads the documents.
    views
        Which of their own words become views.
    generators
        By language who writes, and what.
    ledger
        Where everything written and every verdict goes.
    watch
        Is kept informed.
    """

    def __init__(
        self,
        reader: DocumentEncoder,
        views: ViewSettings,
        generators: Mapping[str, Sequence[PromptedGenerator]],
        ledger: Ledger,
        watch: Watch = lambda stage, documents: None,
    ) -> None:
        self._watch = watch
        self._reader = reader
        self._views = views
        self._generators = generators
        self._ledger = ledger

    def enrich(
        self, documents: Sequence[Document], checks: Mapping[str, Check], identity: str
    ) -> list[EnrichedDocument]:
        """Return the views of some documents.

        Parameters
        ----------
        documents
            They are encoded and written for together where that is faster; the outcome is that of
            each by itself.
        checks
            By name, in their order; what a generator did not invent is not checked.
        identity
            Names all that decides what the checks say.
        """
        enriched = []
        noted: list[StoredVerdict] = []
        drafts = self.draft(documents)
        self._watch("checking", 0)
        with ThreadPoolExecutor() as pool:  # while one document waits for its words, others go on
            judged = list(pool.map(lambda draft: judge(draft.candidates, checks), drafts))
        for draft, (verdicts, judges) in zip(drafts, judged, strict=True):
            noted += [
                StoredVerdict(key, candidate.view.text, name, verdict.reason, verdict.support)
                for key, candidate, name, verdict in zip(
                    draft.keys, draft.candidates, judges, verdicts, strict=True
                )
            ]
            enriched.append(draft.judged(verdicts, judges))
        if checks and noted:
            self._ledger.note(identity, noted)
        return enriched

    def draft(self, documents: Sequence[Document]) -> "list[Draft]":
        """Return all that is written for some documents, before anything is judged."""
        languages = [self._reader.languages.detect(document) for document in documents]
        own = [
            make_own_views(document, language, self._views)
            for document, language in zip(documents, languages, strict=True)
        ]
        wanted = [
            [span for _, span in views]
            + [
                span
                for generator, _ in self._generators[language]
                for span in generator.spans(document, language)
            ]
            for document, language, views in zip(documents, languages, own, strict=True)
        ]
        self._watch("reading", 0)
        readings = self._reader.encode(
            documents, wanted, lambda read: self._watch("reading", _READING * read)
        )
        written: list[list[_Text]] = [[] for _ in documents]
        counts = [Counter(long_documents=int(len(reading.passages) > 1)) for reading in readings]
        for spoken in dict.fromkeys(languages):
            numbers = [number for number, language in enumerate(languages) if language == spoken]
            for generator, instruction in _list_tasks(self._generators[spoken]):
                self._watch(f"writing {instruction.kind}", 0)
                some = [readings[number] for number in numbers]
                found = write_views(some, instruction, generator, self._ledger)
                for number, texts in zip(numbers, found, strict=True):
                    document = documents[number]
                    key = make_ledger_key(document, instruction, generator.identity)
                    counts[number]["cut_sources"] += texts.cut
                    made_of = texts.spans or ((),) * len(texts.texts)
                    new = make_views(document, instruction, generator, texts)
                    written[number] += [
                        _Text(key, view, spans, instruction.language)
                        for view, spans in zip(new, made_of, strict=True)
                    ]
        drafts = []
        vectors = self._encoded(readings, written)
        for reading, own_of, written_for, rows, count in zip(
            readings, own, written, vectors, counts, strict=True
        ):
            views, known = reading.add_views(own_of)
            encoded = np.concatenate([known, rows])
            drafts.append(Draft(reading.document, views, written_for, encoded, count))
        return drafts

    def _encoded(
        self, readings: Sequence[EncodedDocument], written: Sequence[Sequence[_Text]]
    ) -> Iterator[Vectors]:
        """Yield the vectors of what was written for every document: pooled, or else encoded."""
        encoder = self._reader.encoder
        new = [text.view.text for texts in written for text in texts if not text.spans]
        encoded = iter(encoder.encode_documents(new))
        for reading, texts in zip(readings, written, strict=True):
            combine = reading.combine_vectors
            rows = [combine(text.spans) if text.spans else next(encoded) for text in texts]
            yield np.stack(rows) if rows else np.zeros((0, encoder.dimension), np.float32)


class Draft:
    """A document with all that was written for it, not yet judged.

    Parameters
    ----------
    document, own
        It, and its own views.
    written
        What was written.
    vectors
        Of own views and written ones, shape (views, dimension).
    counts
        As `EnrichedDocument` has them.
    """

    def __init__(
        self,
        document: Document,
        own: list[View],
        written: Sequence[_Text],
        vectors: Vectors,
        counts: Counter[str],
    ) -> None:
        self._document = document
        self._own = own
        self._written = written
        self._vectors = vectors
        self._counts = counts
        self._checked = [number for number, text in enumerate(written) if text.view.invented]

    @property
    def keys(self) -> list[str]:
        """The ledger's keys of the candidates."""
        return [self._written[number].key for number in self._checked]

    @property
    def candidates(self) -> list[Candidate]:
        """What is to be judged: whatever may say what the document does not."""
        own_vectors, vectors = np.split(self._vectors, [len(self._own)])
        return [
            Candidate(
                self._document,
                self._own,
                own_vectors,
                self._written[number].view,
                vectors[number],
                self._written[number].language,
            )
            for number in self._checked
        ]

    def judged(self, verdicts: Sequence[Verdict], judges: Sequence[str]) -> EnrichedDocument:
        """Return the document with what was accepted.

        Parameters
        ----------
        verdicts, judges
            Of the candidates, as `corpus_tuner.generation.checks.judge` returns them.
        """
        counts = Counter(self._counts)
        counts["written"] += len(self._written)
        counts.update(
            f"{REJECTED}{name}: {verdict.reason}"
            for name, verdict in zip(judges, verdicts, strict=True)
            if name
        )
        by_number = dict(zip(self._checked, verdicts, strict=True))
        kept = [
            number
            for number in range(len(self._written))
            if not (number in by_number and by_number[number].reason)
        ]
        generated = [
            replace(
                self._written[number].view,
                support=by_number[number].support if number in by_number else "",
            )
            for number in kept
        ]
        first = len(self._own)
        rows = [*range(first), *(first + number for number in kept)]
        return EnrichedDocument(self._document, self._own, generated, self._vectors[rows], counts)


def write_views(
    readings: Sequence[EncodedDocument],
    instruction: Instruction,
    generator: Generator,
    ledger: Ledger,
) -> list[Written]:
    """Return what `generator` writes for every document: from the ledger, or else into it.

    What is chosen from the document's own words is chosen again, in no time: it depends on how
    spans are read, which no ledger knows.
    """
    if not generator.invents:
        return generator.generate(readings, instruction)
    keys = [
        make_ledger_key(reading.document, instruction, generator.identity) for reading in readings
    ]
    known = ledger.get(keys)
    missing = {
        key: reading for key, reading in zip(keys, readings, strict=True) if key not in known
    }
    if missing:
        asked = list(missing)
        try:
            written = generator.generate(list(missing.values()), instruction)
        except IncompleteError as error:
            done = {asked[number]: text for number, text in error.written.items()}
            ledger.put(done, instruction.kind, generator.identity)
            raise
        new = dict(zip(asked, written, strict=True))
        ledger.put(new, instruction.kind, generator.identity)
        known |= new
    return [known[key] for key in keys]


def make_views(
    document: Document, instruction: Instruction, generator: Generator, written: Written
) -> list[View]:
    """Return what was written for a document as views of it."""
    return [
        View(
            document.id,
            instruction.kind,
            text,
            generator.identity,
            invented=generator.invents,
        )
        for text in written.texts
    ]
