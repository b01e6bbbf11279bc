"""Enrich documents: to their own views add what a generator writes and the checks accept."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from corpus_tuner.checks import Candidate, Check, Verdict, judge
from corpus_tuner.document_encoder import DocumentEncoder
from corpus_tuner.generators import Generator, Written
from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.instructions import Instruction
from corpus_tuner.ledger import Ledger, Noted, ledger_key
from corpus_tuner.passages import split_passages
from corpus_tuner.settings import Settings
from corpus_tuner.views import own_views

REJECTED = "rejected: "
"""Before the check and its reason, in the counts."""


@dataclass(frozen=True, slots=True)
class Enriched:
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


class Author(NamedTuple):
    """A generator, and what it is asked to write."""

    generator: Generator
    instructions: Sequence[Instruction]


class _Text(NamedTuple):
    """Something that was written for a document.

    Attributes
    ----------
    key
        Of its entry in the ledger.
    view
        It, as a view.
    language
        That was asked for.
    """

    key: str
    view: View
    language: str


class Enrichment:
    """Makes the views of documents, each by itself.

    Parameters
    ----------
    language
        Of the documents, ISO 639-1.
    settings
        Say how documents are cut, and which of their own words become views.
    encoder
        Encodes the texts of a document by themselves.
    authors
        Who writes, and what.
    ledger
        Where everything written and every verdict goes.
    known_passages
        Returns the vectors of passages that are known already, by the id of their document.
    """

    def __init__(
        self,
        language: str,
        settings: Settings,
        encoder: DocumentEncoder,
        authors: Sequence[Author],
        ledger: Ledger,
        known_passages: Callable[[Sequence[Document]], Mapping[str, Vectors]] = lambda _: {},
    ) -> None:
        self._language = language
        self._passages = settings.passages
        self._views = settings.views
        self._encoder = encoder
        self._authors = authors
        self._ledger = ledger
        self._known_passages = known_passages

    def enrich(
        self, documents: Sequence[Document], checks: Mapping[str, Check], identity: str
    ) -> list[Enriched]:
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
        noted: list[Noted] = []
        for draft in self.draft(documents):
            verdicts, judges = judge(draft.candidates, checks)
            noted += [
                Noted(key, candidate.view.text, name, verdict.reason, verdict.support)
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
        passages = split_passages(documents, self._language, self._encoder.encoder, self._passages)
        own = {
            document.id: own_views(document, texts, self._language, self._views)
            for document, texts in zip(documents, passages, strict=True)
        }
        self._encoder.forget()
        for id_, vectors in self._known_passages(documents).items():
            self._encoder.put(id_, [view.text for view in own[id_]][: len(vectors)], vectors)
        for of_passages in (True, False):
            self._encoder.remember(
                {
                    id_: [view.text for view in views if (view.kind == "passage") == of_passages]
                    for id_, views in own.items()
                }
            )
        counts = {
            document.id: Counter(long_documents=int(len(texts) > 1))
            for document, texts in zip(documents, passages, strict=True)
        }
        written: dict[str, list[_Text]] = {document.id: [] for document in documents}
        for generator, instructions in self._authors:
            for instruction in instructions:
                found = write_views(documents, instruction, generator, self._ledger)
                for document, texts in zip(documents, found, strict=True):
                    key = ledger_key(document, instruction, generator.identity)
                    counts[document.id]["cut_sources"] += texts.cut
                    written[document.id] += [
                        _Text(key, view, instruction.language)
                        for view in as_views(document, instruction, generator, texts)
                    ]
        self._encoder.remember(
            {id_: [text.view.text for text in texts] for id_, texts in written.items()}
        )
        every = {
            id_: [*(view.text for view in own[id_]), *(text.view.text for text in texts)]
            for id_, texts in written.items()
        }
        encoded = self._encoder.encode(every)
        return [
            Draft(document, own[id_], written[id_], encoded[id_], counts[id_])
            for document in documents
            for id_ in (document.id,)
        ]


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
        As `Enriched` has them.
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

    def judged(self, verdicts: Sequence[Verdict], judges: Sequence[str]) -> Enriched:
        """Return the document with what was accepted.

        Parameters
        ----------
        verdicts, judges
            Of the candidates, as `corpus_tuner.checks.judge` returns them.
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
        return Enriched(self._document, self._own, generated, self._vectors[rows], counts)


def write_views(
    documents: Sequence[Document], instruction: Instruction, generator: Generator, ledger: Ledger
) -> list[Written]:
    """Return what `generator` writes for each document: from the ledger, or else into it."""
    keys = [ledger_key(document, instruction, generator.identity) for document in documents]
    known = ledger.get(keys)
    missing = {
        key: document for key, document in zip(keys, documents, strict=True) if key not in known
    }
    if missing:
        written = generator.generate(list(missing.values()), instruction)
        new = dict(zip(missing, written, strict=True))
        ledger.put(new, instruction.kind, generator.identity)
        known |= new
    return [known[key] for key in keys]


def as_views(
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
