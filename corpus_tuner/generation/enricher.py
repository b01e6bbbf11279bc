"""Enrich the documents of a corpus with views; shared by builds, tuning and ablation."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import Meter
from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.checks import (
    Check,
    Fitted,
    Nearest,
    Resources,
    find_unfitted,
    fit_checks,
    hash_checks,
    judge,
    open_checks,
)
from corpus_tuner.generation.enrichment import Draft, EnrichedDocument, draft_views
from corpus_tuner.generation.ledger import Ledger, StoredVerdict
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.generation.passage_index import PassageIndex
from corpus_tuner.text.language_detection import detect_document_language

FITTED = "fitted"
"""Key of the fitted values of checks, in the staging folder and in the manifest."""

SAMPLED = 200
"""Number of documents on which checks are fitted."""


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
    scratch
        Folder for temporary files, which a build that is continued finds again.
    fitted
        Values fitted for the checks before; by default they are fitted when first needed.
    whole
        Whether the corpus is all that the index will contain; some checks search all of it.
    earlier
        Another ledger to read from.
    """

    def __init__(
        self,
        corpus: Corpus,
        opened: OpenRecipe,
        ledger: Path,
        scratch: Path,
        fitted: Fitted | None = None,
        *,
        whole: bool = True,
        earlier: Path | None = None,
    ) -> None:
        self._corpus = corpus
        self._opened = opened
        self._recipe = opened.recipe
        self._scratch = scratch
        self._fitted = fitted
        self._whole = whole
        self._stack = ExitStack()
        self._ledger = self._stack.enter_context(Ledger(ledger, earlier=earlier))
        self._meter: Meter | None = None
        self._credited = 0.0

    def __enter__(self) -> "Enricher":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def enrich(self, documents: Sequence[Document]) -> list[EnrichedDocument]:
        """Return some documents with their views; those of one do not depend on the others."""
        if not documents:
            return []
        drafts = self._draft(documents)
        self._show_stage("checking", 0)
        checks = self.checks
        with ThreadPoolExecutor() as pool:
            results = list(pool.map(lambda draft: judge(draft.candidates, checks), drafts))
        stored = [
            StoredVerdict(one.key, one.view.text, name, verdict.reason, verdict.support)
            for draft, result in zip(drafts, results, strict=True)
            for one, verdict, name in zip(draft.candidates, *result, strict=True)
        ]
        if checks and stored:
            self._ledger.note(self._checks_hash, stored)
        return [draft.accept(*result) for draft, result in zip(drafts, results, strict=True)]

    def _draft(self, documents: Sequence[Document]) -> list[Draft]:
        return draft_views(documents, self._opened, self._ledger, self._show_stage)

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
            FITTED: dict(self.fitted),
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

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        """Fitted checks of the recipe, by name."""
        return open_checks(self._recipe.checks, self.resources, self.fitted)

    @cached_property
    def _checks_hash(self) -> str:
        return hash_checks(self._recipe.checks, self._opened.encoder.fingerprint, self.fitted)

    @cached_property
    def resources(self) -> Resources:
        """Encoder and passage search for the checks."""
        return Resources(self._opened.encoder, self._open_passages)

    def _open_passages(self) -> Nearest:
        if not self._whole:
            raise CorpusTunerError(
                "a check of the recipe, round_trip, searches the whole corpus: run corpus-tuner "
                "build on it, in one process"
            )
        folder = self._scratch / "passages"
        passages = PassageIndex(self._corpus, folder, self._opened.reader)
        return self._stack.enter_context(passages).find_nearest

    @cached_property
    def fitted(self) -> Mapping[str, Any]:
        """Values fitted for the checks that need it, on a sample of the corpus."""
        if self._fitted is not None:
            return self._fitted
        unfitted = find_unfitted(self._recipe.checks)
        if not unfitted:
            return {}
        drafts = self._draft(self._corpus.sample(SAMPLED))
        return fit_checks(unfitted, [one for draft in drafts for one in draft.candidates])
