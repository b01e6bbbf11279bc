"""The build pipeline: a corpus in, an index out."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus_tuner.calibration import calibrate, weighed
from corpus_tuner.corpora import Corpus
from corpus_tuner.enrichment import REJECTED, Enriched
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.encoders import Encoder, open_encoder
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.registry import PartSettings, read_settings
from corpus_tuner.indexes.representations import open_representation
from corpus_tuner.indexes.search.settings import SearchSettings
from corpus_tuner.indexes.store.commit import (
    claim,
    commit,
    discard_unfinished,
    locked,
    tidy,
    write_manifest,
)
from corpus_tuner.indexes.store.documents import digest_of
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import EncoderEntry, Manifest, read_manifest, verify
from corpus_tuner.indexes.store.segment_files import SEGMENT, write_segment
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from corpus_tuner.progress import track, working
from corpus_tuner.settings import Settings, load_settings, settings_hash
from corpus_tuner.workshop import FITTED, Workshop, Writers, open_writers


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

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> report = ct.build(example_corpus, example_index, example_settings)
    >>> report.unchanged, report.views["title"]
    (True, 3)
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

    Each document is given views, by itself; the views are encoded and staged durably. The index
    appears, or replaces the one before, in one step at the end.

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

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> report = ct.build(example_corpus, example_output, example_settings)
    >>> report.documents, report.language
    (3, 'en')
    """
    settings = settings or load_settings()
    index = Path(output)
    corpus = Corpus(str(source), settings.corpus)
    with working("opening the models"):
        encoder = encoder or open_encoder(settings.encoder)
        writers = open_writers(corpus, settings, encoder)
    key = settings_hash(settings, writers.language, encoder.fingerprint, *writers.identity)
    claim(index)
    with locked(index):
        standing = _standing(index, key)
        if standing and standing.build["corpus"]["digest"] == _digest(corpus):
            tidy(index, standing)  # a kill behind the commit
            unchanged = True
            manifest = standing
        else:
            unchanged = False
            fitted = standing.build[FITTED] if standing else None
            manifest = _build(corpus, index, settings, writers, key, fitted, ledger)
    manifest = _weigh(index, manifest, settings, encoder)
    return _report(index, corpus, manifest, unchanged=unchanged)


def _build(
    corpus: Corpus,
    index: Path,
    settings: Settings,
    writers: Writers,
    key: str,
    fitted: dict[str, Any] | None,
    ledger: str | Path | None,
) -> Manifest:
    """Write, encode and index what is missing, and commit."""
    layout = Layout(index)
    encoder = writers.reader.encoder
    representations = _representations(settings)
    folder = layout.staging(key)
    discard_unfinished(index, keep=folder)
    staging = Staging(
        folder,
        [open_representation(each) for each in representations.values()],
        encoder.dimension,
    )
    digest = hashlib.sha256()
    try:
        fitted = staging.noted(FITTED) or fitted
        ledger_file = Path(ledger or layout.ledger)
        with Workshop(corpus, settings, writers, ledger_file, folder, fitted) as workshop:
            staging.note(FITTED, workshop.fitted)
            for chunk in workshop.chunks("building"):
                staging.add(map(_encoded, workshop.enrich(staging.missing(chunk))))
                staging.arrange(chunk)
                for document in chunk:
                    digest.update(digest_of(document).encode())
            if not staging.documents:
                raise CorpusTunerError(f"{corpus.source} has no document that can be used")
            with working("writing the index"):
                lexical = _lexical(settings, writers.language)
                segment = write_segment(staging, lexical)
            build_info = {
                "key": key,
                **workshop.described(),
                "corpus": {"source": corpus.source, "digest": digest.hexdigest()},
                "skipped": dict(corpus.skipped),
                "counts": dict(staging.counts),
                "settings": settings.model_dump(mode="json"),
            }
    finally:
        staging.close()
    manifest = Manifest(
        encoder=_encoder_entry(encoder, settings),
        representation=settings.representation.name,
        representations={name: each.model_dump() for name, each in representations.items()},
        lexical=lexical,
        search=settings.search,
        segments=(segment,),
        build=build_info,
    )
    return commit(index, folder / SEGMENT, manifest)


def _encoder_entry(encoder: Encoder, settings: Settings) -> EncoderEntry:
    return EncoderEntry(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        settings=settings.encoder.model_dump(exclude={"device", "trust_remote_code"}),
    )


def _encoded(enriched: Enriched) -> EncodedDocument:
    return EncodedDocument(enriched.document, enriched.views, enriched.vectors, enriched.counts)


def _standing(index: Path, key: str) -> Manifest | None:
    """Return the manifest of an index that was built in the same way, if it is sound."""
    if not Layout(index).manifest.is_file():
        return None
    try:
        manifest = read_manifest(index)
        verify(index, manifest)
    except SearchIndexError:  # damaged, or of another version: build it again
        return None
    return manifest if manifest.build.get("key") == key else None


def _digest(corpus: Corpus) -> str:
    """Hash all that is indexed of the documents, in their order."""
    digest = hashlib.sha256()
    for document in track(corpus, "comparing with the index"):
        digest.update(digest_of(document).encode())
    return digest.hexdigest()


def _representations(settings: Settings) -> dict[str, PartSettings]:
    """Return what is indexed, by name: the baselines, and last the configured one."""
    configured = settings.representation
    names: list[str] = [name for name in settings.baselines if name != configured.name]
    others = {
        name: read_settings("corpus_tuner.indexes.representations", {"name": name})
        for name in names
    }
    return {**others, configured.name: configured}


def _lexical(settings: Settings, language: str) -> LexicalSettings | None:
    """Return what terms are indexed, the corpus's language filled in."""
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
