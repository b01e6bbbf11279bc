"""The workshop: a corpus opened for writing, with all that makes views of its documents.

Builds, tuning and ablation all write views; they differ in what they do with them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus_tuner.config.recipe import Settings
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import Meter, note
from corpus_tuner.core.records import BadRecord, Note
from corpus_tuner.core.registry import PartSettings
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.folder_files import LeftOut
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.checks import (
    Check,
    Fitted,
    Nearest,
    Resources,
    checks_identity,
    fit_checks,
    need_fitting,
    open_checks,
)
from corpus_tuner.generation.enrichment import Author, Enriched, Enrichment
from corpus_tuner.generation.generators import (
    Generator,
    check_installed,
    listed,
    open_generator,
    writes,
)
from corpus_tuner.generation.ledger import Ledger
from corpus_tuner.generation.passage_index import PassageFinder
from corpus_tuner.generation.prompts import Instruction, Templates, load_instructions
from corpus_tuner.text.document_encoding import DocumentReader
from corpus_tuner.text.language_detection import (
    SAMPLE_DOCUMENTS,
    document_language,
    found_languages,
)

FITTED = "fitted"
"""Names what was fitted for checks, while it is staged and in the manifest."""

SAMPLED = 200
"""Documents on which checks are fitted."""


@dataclass(frozen=True, slots=True)
class Writers:
    """What writes views for a corpus, and in which languages.

    Attributes
    ----------
    languages
        Of the documents.
    authors
        By language the generators, each with what it is asked to write.
    reader
        Reads the documents with the encoder of the recipe.
    shares
        Of documents in each of them, where they were found by looking at the documents.
    """

    languages: Languages
    authors: Mapping[str, Sequence[Author]]
    reader: DocumentReader
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def identity(self) -> list[str]:
        """Name all that decides what is written, but for the documents."""
        return [f"{generator} {instruction}" for generator, instruction in self.instructions]

    @property
    def instructions(self) -> list[tuple[str, Instruction]]:
        """What is asked for in all languages, with the identity of the generator that is asked."""
        return [
            (author.generator.identity, instruction)
            for authors in self.authors.values()
            for author in authors
            for instruction in author.instructions
        ]


def languages_of(corpus: Corpus, settings: Settings) -> Languages:
    """Return the languages of a corpus, found in a sample of it unless the recipe names one."""
    if settings.language != "auto":
        return Languages((settings.language,))
    return found_languages(_sample(corpus))[0]


def no_documents(corpus: Corpus) -> CorpusTunerError:
    """Return the error of a corpus without a document, with the first record for each reason."""
    reasons = "".join(f"\n  {_stated(reason, one)}" for reason, one in corpus.examples.items())
    return CorpusTunerError(
        f"{corpus.source} has no document that can be used{':' * bool(reasons)}{reasons}"
    )


def _stated(reason: str, example: BadRecord | LeftOut | Note) -> str:
    return str(example) if isinstance(example, BadRecord) else f"{example}: {reason}"


def _sample(corpus: Corpus) -> list[Document]:
    """Return documents of a corpus by which its languages are found."""
    sample = corpus.sample(SAMPLE_DOCUMENTS)
    if not sample:
        raise no_documents(corpus)
    return sample


def open_writers(
    corpus: Corpus,
    settings: Settings,
    opening: Callable[[Sequence[str]], Encoder],
    generators: PartSettings | Sequence[PartSettings] | None = None,
    languages: Languages | None = None,
) -> Writers:
    """Open the generators of a recipe for a corpus.

    Parameters
    ----------
    corpus
        Tells the languages, where the settings do not.
    settings
        The recipe.
    opening
        Opens the encoder of the recipe for the languages, once it is known that the generators
        can run.
    generators
        Instead of those of the recipe.
    languages
        In place of the corpus's own, where the settings name none.

    Raises
    ------
    CorpusTunerError
        If the corpus has no documents, or a generator cannot be opened or does not write the
        language that most of the corpus is in.
    """
    shares: dict[str, float] = {}
    if settings.language != "auto":
        languages = Languages((settings.language,))
    elif languages is None:
        languages, shares = found_languages(_sample(corpus))
    asked = generators if generators is not None else settings.generator
    chosen = listed(asked)
    check_installed(chosen)
    encoder = opening(languages.codes)
    reader = DocumentReader(encoder, languages, settings.passages, settings.views)
    opened = [open_generator(part, encoder) for part in chosen]
    for part, generator in zip(chosen, opened, strict=True):
        _check_languages(part, generator, languages)
    authors = {
        code: [
            _author(generator, code, settings.instructions)
            for generator in opened
            if writes(generator, code)
        ]
        for code in languages.codes
    }
    return Writers(languages, authors, reader, shares)


def _check_languages(part: PartSettings, generator: Generator, languages: Languages) -> None:
    """Refuse a generator that does not write the main language; note the others that it lacks."""
    model = getattr(part, "model", part.name)
    if not writes(generator, languages.main):
        raise CorpusTunerError(
            f"{model} does not write the language of the corpus, {languages.main!r}: set "
            "generator.model to a multilingual one, or leave it out with --generator extractive "
            "(or set language, if it was not recognised)"
        )
    others = [code for code in languages.codes if not writes(generator, code)]
    if others:
        note(f"{model} does not write {', '.join(others)}: documents in these get no views of it")


def _author(generator: Generator, language: str, own: Templates | None) -> Author:
    return Author(generator, load_instructions(generator.kinds, language, own))


class Workshop:
    """Makes the views of documents; a context manager that closes what it opened.

    Parameters
    ----------
    corpus
        The documents.
    settings
        The recipe.
    writers
        Who writes.
    ledger
        The file of what was written, and of what checks said.
    scratch
        A folder for what must be kept while this lasts, or until it goes on.
    fitted
        What was fitted for the checks before; by default they are fitted when first needed.
    whole
        Whether the corpus is all that the index is to have; some checks ask all of it.
    earlier
        Another ledger, of what was written before.
    """

    def __init__(
        self,
        corpus: Corpus,
        settings: Settings,
        writers: Writers,
        ledger: Path,
        scratch: Path,
        fitted: Fitted | None = None,
        *,
        whole: bool = True,
        earlier: Path | None = None,
    ) -> None:
        self._whole = whole
        self.corpus = corpus
        self.settings = settings
        self.writers = writers
        self._scratch = scratch
        self._fitted = fitted
        self._stack = ExitStack()
        self._ledger = self._stack.enter_context(Ledger(ledger, earlier=earlier))
        self._meter: Meter | None = None
        self._credited = 0.0
        self._enrichment = Enrichment(
            writers.reader, settings.views, writers.authors, self._ledger, self._note
        )

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def enrich(self, documents: Sequence[Document]) -> list[Enriched]:
        """Return the views of some documents; those of a document depend on it alone."""
        if not documents:
            return []
        return self._enrichment.enrich(documents, self.checks, self.checks_identity)

    def language_of(self, document: Document) -> str:
        """Return the language of a document, ISO 639-1."""
        detect = self.settings.language == "auto"
        return document_language(document, self.writers.languages, detect=detect)

    def described(self) -> dict[str, Any]:
        """Return what decides the views but for the documents, as a manifest keeps it."""
        return {
            "language": self.writers.languages.main,
            "generators": [
                *dict.fromkeys(
                    author.generator.identity
                    for authors in self.writers.authors.values()
                    for author in authors
                )
            ],
            "instructions": [
                [generator, *astuple(instruction)]
                for generator, instruction in self.writers.instructions
            ],
            "checks": self.checks_identity,
            FITTED: dict(self.fitted),
        }

    def enrich_all(self, what: str) -> Iterator[Enriched]:
        """Yield the views of all documents, chunk by chunk; `what` stands before the bar."""
        for chunk in self.chunks(what):
            yield from self.enrich(chunk)

    def chunks(self, what: str) -> Iterator[list[Document]]:
        """Yield the documents in chunks, with a bar."""
        with Meter(what, lambda: self.corpus.count()) as self._meter:
            for chunk in self.corpus.chunks(self.settings.documents_at_once):
                self._credited = 0.0
                yield chunk
                self._meter.advance(len(chunk) - self._credited)
        self._meter = None

    def _note(self, stage: str, documents: float) -> None:
        """Show what is being done with the documents of a chunk."""
        if self._meter is not None:
            self._credited += documents
            self._meter.advance(documents, stage)

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        """The checks of the recipe, by name, fitted."""
        return open_checks(self.settings.checks, self.resources, self.fitted)

    @cached_property
    def checks_identity(self) -> str:
        """Names all that decides what the checks say."""
        fingerprint = self.writers.reader.encoder.fingerprint
        return checks_identity(self.settings.checks, fingerprint, self.fitted)

    @cached_property
    def resources(self) -> Resources:
        """What checks are lent."""
        return Resources(self.writers.reader.encoder, self._find_passages)

    def _find_passages(self) -> Nearest:
        if not self._whole:
            raise CorpusTunerError(
                "a check of the recipe, round_trip, asks the whole corpus: run corpus-tuner build "
                "on it, in one process"
            )
        finder = PassageFinder(self.corpus, self._scratch / "passages", self.writers.reader)
        return self._stack.enter_context(finder).nearest

    @cached_property
    def fitted(self) -> Mapping[str, Any]:
        """What was fitted for the checks that need it, on a sample of the corpus."""
        if self._fitted is not None:
            return self._fitted
        wanting = need_fitting(self.settings.checks)
        if not wanting:
            return {}
        drafts = self._enrichment.draft(self.corpus.sample(SAMPLED))
        return fit_checks(wanting, [one for draft in drafts for one in draft.candidates])
