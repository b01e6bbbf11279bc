"""The build pipeline: a corpus in, an index out."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from corpus_tuner.calibration import calibrate, weighed
from corpus_tuner.checks import Resources, open_checks
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.sources import count_records
from corpus_tuner.enrichment import REJECTED, Author, Enrichment
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generators import open_generator, resolved
from corpus_tuner.instructions import load_instructions
from corpus_tuner.language import SAMPLE_DOCUMENTS, detect_language
from corpus_tuner.ledger import Ledger
from corpus_tuner.progress import track, working
from corpus_tuner.settings import Settings, load_settings, settings_hash
from corpus_tuner.views import ViewSettings
from indexes.documents import Document, View
from indexes.encoders import Encoder, Vectors, open_encoder
from indexes.encoders.remembering import RememberingEncoder
from indexes.errors import SearchIndexError
from indexes.fusion import SearchSettings
from indexes.lexical import LexicalSettings
from indexes.registry import PartSettings, read_settings
from indexes.representations import open_representation
from indexes.searcher import Searcher
from indexes.storage import (
    MANIFEST,
    EncoderEntry,
    Manifest,
    locked,
    read_manifest,
    verify,
    write_manifest,
)
from indexes.writer import EncodedDocument, IndexWriter

LEDGER = "ledger.sqlite"
PASSAGES: dict[str, Any] = {
    "generator": None,
    "checks": (),
    "representation": read_settings("indexes.representations", {"name": "passage"}),
    "beside": (),
    "views": ViewSettings(title=False, sentences=0),
    "lexical": None,
    "calibrate": False,
}
"""The settings of an index of passages alone."""


class BuildReport(BaseModel):
    """What a build made.

    Attributes
    ----------
    index
        The folder.
    language
        Of the corpus.
    documents
        How many are indexed.
    views
        How many, by kind.
    search
        How the index ranks.
    calibrated
        Whether its weights were chosen for this corpus.
    long_documents
        How many did not fit the encoder and have several passages.
    cut_sources
        How often the generator could not read the whole of a document.
    written
        How many views the generator wrote.
    rejected
        How many of them the checks rejected, by ``CHECK: REASON``.
    skipped
        How many records were left out or mended, by reason.
    examples
        The first of them, by reason.
    unchanged
        Whether the index was there already, from the same documents and settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    language: str
    documents: int
    views: dict[str, int]
    search: SearchSettings
    calibrated: bool
    long_documents: int
    cut_sources: int
    written: int
    rejected: dict[str, int]
    skipped: dict[str, int]
    examples: dict[str, str]
    unchanged: bool


def build(
    source: str | Path,
    output: str | Path,
    settings: Settings | None = None,
    *,
    encoder: Encoder | None = None,
    ledger: str | Path | None = None,
) -> BuildReport:
    """Build the index of a corpus, or go on with a build that was killed.

    Each chunk of documents is given views, the views are encoded, and the chunk is written
    durably. The index appears, or replaces the one before, in one step at the end.

    Parameters
    ----------
    source
        Of the corpus, as `corpus_tuner.corpora.Corpus` takes it.
    output
        The folder of the index.
    settings
        The recipe; by default the default one.
    encoder
        An open encoder, to share one between builds; by default the one that the settings name.
    ledger
        The file of the ledger, to share one between indexes; by default one in `output`.

    Raises
    ------
    CorpusTunerError
        If the corpus, the settings or the generator cannot be used.
    SearchIndexError
        If the encoder cannot be used, or `output` is no folder for an index.
    """
    settings = settings or load_settings()
    index = Path(output)
    corpus = Corpus(str(source), settings.corpus)
    language = told_language(corpus, settings)
    encoder = RememberingEncoder(encoder or open_encoder(settings.encoder))
    authors = open_authors(settings, language, encoder)
    key = _key(settings, language, encoder, authors)
    standing = _standing(corpus, index, key, settings.documents_at_once)
    if standing:
        manifest = _weigh(index, standing, settings, encoder)
        return _report(index, corpus, manifest, unchanged=True)

    representations = _representations(settings)
    opened = [open_representation(each) for each in representations.values()]
    digest = hashlib.sha256()
    with (
        IndexWriter(index, key, opened, encoder.dimension) as writer,
        closing(Ledger(Path(ledger or index / LEDGER))) as open_ledger,
        closing(PassageFinder(corpus, writer.scratch, language, settings, encoder)) as nearest,
    ):
        checks = open_checks(settings.checks, Resources(encoder, nearest))
        enrichment = Enrichment(language, settings, encoder, authors, checks, open_ledger)
        chunks = chunked(corpus, settings.documents_at_once)
        for chunk in track(chunks, "building", lambda: count_records(corpus.source), len):
            contents = _digest(chunk)
            digest.update(contents.encode())
            if writer.skip(contents):
                continue
            enriched = enrichment.enrich(chunk)
            views = [own + new for own, new in zip(enriched.own, enriched.generated, strict=True)]
            encoded = map(EncodedDocument, chunk, views, _encode(views, encoder))
            writer.add(contents, encoded, enriched.counts)
        if not writer.documents:
            raise CorpusTunerError(f"{source} has no document that can be used")
        told = {
            "key": key,
            "language": language,
            "generators": [author.generator.identity for author in authors],
            "corpus": {"source": corpus.source, "digest": digest.hexdigest()},
            "skipped": dict(corpus.skipped),
            "counts": dict(writer.counts),
            "settings": settings.model_dump(mode="json"),
        }
        with working("writing the index"):
            manifest = writer.finish(
                _entry(encoder, settings),
                representations,
                _lexical(settings, language),
                settings.search,
                told,
            )
    manifest = _weigh(index, manifest, settings, encoder)
    return _report(index, corpus, manifest, unchanged=False)


def open_authors(settings: Settings, language: str, encoder: Encoder) -> list[Author]:
    """Open the generators of a recipe, each with what it is asked to write."""
    generators = [open_generator(each, encoder) for each in resolved(settings.generator, language)]
    return [
        Author(each, load_instructions(each.kinds, language, settings.instructions))
        for each in generators
    ]


def told_language(corpus: Corpus, settings: Settings) -> str:
    """Return the language that the settings name, or else that of the first documents."""
    if settings.language != "auto":
        return settings.language
    return detect_language(corpus.sample(SAMPLE_DOCUMENTS))


class PassageFinder:
    """Finds the nearest passages of the whole corpus, by an index that is built when first asked.

    Parameters
    ----------
    corpus
        To be found in.
    scratch
        A folder in which the index is kept while it is needed.
    """

    def __init__(
        self,
        corpus: Corpus,
        scratch: Path,
        language: str,
        settings: Settings,
        encoder: RememberingEncoder,
    ) -> None:
        self._source = corpus.source
        self._folder = scratch / "passages"
        self._settings = settings.model_copy(update={**PASSAGES, "language": language})
        self._encoder = encoder
        self._searcher: Searcher | None = None

    def __call__(self, queries: Sequence[str], most: int) -> list[list[str]]:
        """Return for each query the ids of the documents with the nearest passages."""
        if self._searcher is None:
            build(self._source, self._folder, self._settings, encoder=self._encoder)
            self._searcher = Searcher.open(self._folder, encoder=self._encoder)
        vectors = self._encoder.encode_roughly(queries)
        return self._searcher.nearest(vectors, most)

    def close(self) -> None:
        """Close the index."""
        if self._searcher is not None:
            self._searcher.close()


def _key(
    settings: Settings,
    language: str,
    encoder: Encoder,
    authors: Sequence[Author],
) -> str:
    """Hash all that decides the index, but for the documents."""
    written = [
        f"{author.generator.identity} {instruction}"
        for author in authors
        for instruction in author.instructions
    ]
    return settings_hash(settings, language, encoder.fingerprint, *written)


def _standing(corpus: Corpus, index: Path, key: str, at_once: int) -> Manifest | None:
    """Return the manifest of an index that is there already, if building would make the same."""
    if not (index / MANIFEST).is_file():
        return None
    try:
        manifest = read_manifest(index)
        verify(index, manifest)
    except SearchIndexError:  # damaged, or of another version: build it again
        return None
    if manifest.build.get("key") != key:
        return None
    digest = hashlib.sha256()
    for chunk in track(chunked(corpus, at_once), "comparing with the index", size=len):
        digest.update(_digest(chunk).encode())
    return manifest if manifest.build["corpus"]["digest"] == digest.hexdigest() else None


def _representations(settings: Settings) -> dict[str, PartSettings]:
    """Return what is indexed, by name: what stands beside, and last the configured one."""
    configured = settings.representation
    names: list[str] = [name for name in settings.beside if name != configured.name]
    beside = {name: read_settings("indexes.representations", {"name": name}) for name in names}
    return {**beside, configured.name: configured}


def _lexical(settings: Settings, language: str) -> LexicalSettings | None:
    """Return the lexical engine's settings, the corpus's language filled in."""
    if settings.lexical is None or settings.lexical.language:
        return settings.lexical
    return settings.lexical.model_copy(update={"language": language})


def _weigh(index: Path, manifest: Manifest, settings: Settings, encoder: Encoder) -> Manifest:
    """See that the index has the weights that the settings ask for."""
    standing = SearchSettings.model_validate(manifest.build["settings"]["search"])
    if standing == settings.search and bool(manifest.calibration) == settings.calibrate:
        return manifest
    if settings.calibrate:
        calibrate(index, encoder=encoder, usual=settings.search)
    else:
        with locked(index):
            write_manifest(index, weighed(manifest, settings.search, None))
    return read_manifest(index)


def _entry(encoder: Encoder, settings: Settings) -> EncoderEntry:
    return EncoderEntry(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        settings=settings.encoder.model_dump(exclude={"device", "trust_remote_code"}),
    )


def chunked(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """Yield the documents in chunks."""
    stream = iter(documents)
    while chunk := list(islice(stream, size)):
        yield chunk


def _digest(chunk: Sequence[Document]) -> str:
    """Hash all that is indexed of some documents."""
    digest = hashlib.sha256()
    for each in chunk:
        parts = (each.id, each.title, each.text, dict(each.metadata))
        digest.update(json.dumps(parts, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _encode(views: Sequence[Sequence[View]], encoder: Encoder) -> list[Vectors]:
    """Encode the views of all documents at once, which fills the encoder's batches."""
    vectors = encoder.encode_documents([view.text for own in views for view in own])
    ends = np.cumsum([len(own) for own in views])
    return np.split(vectors, ends[:-1])


def _report(index: Path, corpus: Corpus, manifest: Manifest, *, unchanged: bool) -> BuildReport:
    views: Counter[str] = Counter()
    for segment in manifest.segments:
        views.update(segment.views)
    counts = manifest.build["counts"]
    return BuildReport(
        index=str(index),
        language=manifest.build["language"],
        documents=sum(segment.documents for segment in manifest.segments),
        views=dict(views),
        search=manifest.search,
        calibrated=bool(manifest.calibration and not manifest.calibration["unchanged"]),
        long_documents=counts.get("long_documents", 0),
        cut_sources=counts.get("cut_sources", 0),
        written=counts.get("written", 0),
        rejected={
            name.removeprefix(REJECTED): count
            for name, count in sorted(counts.items())
            if name.startswith(REJECTED)
        },
        skipped=dict(corpus.skipped),
        examples={reason: str(bad) for reason, bad in corpus.examples.items()},
        unchanged=unchanged,
    )
