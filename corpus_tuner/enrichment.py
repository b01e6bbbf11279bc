"""Enrich documents: to their own views add what a generator writes and the checks accept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from corpus_tuner.checks import Candidate, Check, Verdict, judge
from corpus_tuner.generators import Generator, Written
from corpus_tuner.instructions import Instruction
from corpus_tuner.ledger import Ledger, ledger_key
from corpus_tuner.passages import split_passages
from corpus_tuner.settings import Settings
from corpus_tuner.views import own_views
from indexes.documents import Document, View
from indexes.encoders.remembering import RememberingEncoder

REJECTED = "rejected: "
"""Before the check and its reason, in the counts."""


class Enriched(NamedTuple):
    """A chunk of documents with their views.

    Attributes
    ----------
    own, generated
        The views of each document: its own words, and what was written and accepted.
    counts
        ``long_documents`` with several passages, ``cut_sources`` that the generator could not
        read whole, ``written`` views, and ``rejected: CHECK: REASON``.
    """

    own: list[list[View]]
    generated: list[list[View]]
    counts: Counter[str]


class Author(NamedTuple):
    """A generator, and what it is asked to write."""

    generator: Generator
    instructions: Sequence[Instruction]


class Enrichment:
    """Makes the views of documents, chunk by chunk.

    Parameters
    ----------
    language
        Of the documents, ISO 639-1.
    settings
        Say how documents are cut, and which of their own words become views.
    encoder
        Counts tokens; remembers the vectors of the views of the last chunk.
    authors
        Who writes, and what.
    checks
        By name, in their order; a generator that invents nothing is not checked.
    ledger
        Where everything written and every verdict goes.
    """

    def __init__(
        self,
        language: str,
        settings: Settings,
        encoder: RememberingEncoder,
        authors: Sequence[Author],
        checks: Mapping[str, Check],
        ledger: Ledger,
    ) -> None:
        self._language = language
        self._passages = settings.passages
        self._views = settings.views
        self._encoder = encoder
        self._authors = authors
        self._checks = checks
        self._ledger = ledger

    def enrich(self, chunk: Sequence[Document]) -> Enriched:
        """Return the views of some documents."""
        passages = split_passages(chunk, self._language, self._encoder, self._passages)
        counts = Counter(long_documents=sum(len(each) > 1 for each in passages))
        own = [
            own_views(document, texts, self._language, self._views)
            for document, texts in zip(chunk, passages, strict=True)
        ]
        self._encoder.remember([view.text for some in own for view in some])
        generated: list[list[View]] = [[] for _ in chunk]
        for generator, instructions in self._authors:
            keys: list[str] = []
            candidates: list[Candidate] = []
            places: list[int] = []
            for instruction in instructions:
                written = write_views(chunk, instruction, generator, self._ledger)
                counts["cut_sources"] += sum(each.cut for each in written)
                for place, (document, texts) in enumerate(zip(chunk, written, strict=True)):
                    new = as_views(document, instruction, generator, texts)
                    keys += [ledger_key(document, instruction, generator.identity)] * len(new)
                    places += [place] * len(new)
                    language = instruction.language
                    candidates += [Candidate(document, own[place], view, language) for view in new]
            counts["written"] += len(candidates)
            accepted: Sequence[View | None] = [each.view for each in candidates]
            if self._checks and generator.invents:
                accepted = self._judged(candidates, keys, counts)
            for place, view in zip(places, accepted, strict=True):
                if view:
                    generated[place].append(view)
        return Enriched(own, generated, counts)

    def _judged(
        self, candidates: Sequence[Candidate], keys: Sequence[str], counts: Counter[str]
    ) -> list[View | None]:
        """Return each view that the checks accept, with its support; note all verdicts."""
        self._encoder.remember_more([each.view.text for each in candidates])
        verdicts, judges = judge(candidates, self._checks)
        noted = [
            (key, each.view.text, check, *verdict)
            for key, each, check, verdict in zip(keys, candidates, judges, verdicts, strict=True)
        ]
        self._ledger.note(noted)
        counts.update(
            f"{REJECTED}{check}: {verdict.reason}"
            for check, verdict in zip(judges, verdicts, strict=True)
            if check
        )
        return [_supported(*each) for each in zip(candidates, verdicts, strict=True)]


def write_views(
    documents: Sequence[Document], instruction: Instruction, generator: Generator, ledger: Ledger
) -> list[Written]:
    """Return what `generator` writes for each document: from the ledger, or else into it."""
    keys = [ledger_key(document, instruction, generator.identity) for document in documents]
    known = ledger.get(keys)
    missing = {key: each for key, each in zip(keys, documents, strict=True) if key not in known}
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
            score,
            invented=generator.invents,
        )
        for text, score in zip(written.texts, written.scores, strict=True)
    ]


def _supported(candidate: Candidate, verdict: Verdict) -> View | None:
    view = candidate.view
    if verdict.reason:
        return None
    return replace(view, support=verdict.support)
