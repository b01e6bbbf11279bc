"""Enrich the documents of a corpus with views; shared by builds, tuning and ablation."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path
from typing import Any

from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import Meter
from corpus_tuner.corpora import Corpus
from corpus_tuner.generation.checks import hash_checks, judge, open_checks
from corpus_tuner.generation.enrichment import EnrichedDocument, draft_views
from corpus_tuner.generation.ledger import Ledger
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.text.language_detection import detect_document_language


class Enricher:
    """Makes the views of documents; a context manager that closes the ledger.

    Parameters
    ----------
    corpus
        The documents.
    opened
        The recipe with its models.
    ledger
        File of generated texts and verdicts.
    earlier
        Another ledger to read from.
    """

    def __init__(
        self, corpus: Corpus, opened: OpenRecipe, ledger: Path, *, earlier: Path | None = None
    ) -> None:
        self._corpus = corpus
        self._opened = opened
        self._recipe = opened.recipe
        self._checks = open_checks(self._recipe.checks, opened.encoder)
        self._checks_hash = hash_checks(self._recipe.checks, opened.encoder.fingerprint)
        self._ledger = Ledger(ledger, earlier=earlier)
        self._meter: Meter | None = None
        self._credited = 0.0

    def __enter__(self) -> "Enricher":
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    def enrich(self, documents: Sequence[Document]) -> list[EnrichedDocument]:
        """Return some documents with their views; those of one do not depend on the others."""
        if not documents:
            return []
        drafts = draft_views(documents, self._opened, self._ledger, self._show_stage)
        self._show_stage("checking", 0)
        with ThreadPoolExecutor() as pool:
            results = list(pool.map(lambda draft: judge(draft.candidates, self._checks), drafts))
        stored = [
            (one.key, one.view.text, verdict)
            for draft, verdicts in zip(drafts, results, strict=True)
            for one, verdict in zip(draft.candidates, verdicts, strict=True)
        ]
        if self._checks and stored:
            self._ledger.note(self._checks_hash, stored)
        return [draft.accept(verdicts) for draft, verdicts in zip(drafts, results, strict=True)]

    def detect_language(self, document: Document) -> str:
        """Return the language of a document, ISO 639-1."""
        detect = self._recipe.language == "auto"
        return detect_document_language(document, self._opened.languages, detect=detect)

    def describe(self) -> dict[str, Any]:
        """Return everything that decides the views except the documents, for the manifest."""
        return {
            "language": self._opened.languages.main,
            "generators": list(dict.fromkeys(name for name, _ in self._opened.instructions)),
            "instructions": [
                [generator, *astuple(instruction)]
                for generator, instruction in self._opened.instructions
            ],
            "checks": self._checks_hash,
        }

    def enrich_all(self, what: str) -> Iterator[EnrichedDocument]:
        """Yield the views of all documents, with a progress bar labelled `what`."""
        for chunk in self.read_chunks(what):
            yield from self.enrich(chunk)

    def read_chunks(self, what: str) -> Iterator[list[Document]]:
        """Yield the documents in chunks, with a progress bar labelled `what`."""
        with Meter(what, lambda: self._corpus.count()) as self._meter:
            for chunk in self._corpus.iterate_chunks(self._recipe.documents_at_once):
                self._credited = 0.0
                yield chunk
                self._meter.advance(len(chunk) - self._credited)
        self._meter = None

    def _show_stage(self, stage: str, documents: float) -> None:
        if self._meter is not None:
            self._credited += documents
            self._meter.advance(documents, stage)
