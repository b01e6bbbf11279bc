"""The build pipeline: a corpus in, an index out that is equal to it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.build_report import BuildReport
from corpus_tuner.calibration import calibrated, must_calibrate, weighed
from corpus_tuner.changes import Changes, Comparison
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.memory import Documents
from corpus_tuner.corpora.parsed import ParsedFiles
from corpus_tuner.enrichment import Enriched
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.arguments import path_of
from corpus_tuner.indexes.chunks import chunks
from corpus_tuner.indexes.encoders import Encoder, open_encoder
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.languages import Languages
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.registry import PartSettings, read_settings
from corpus_tuner.indexes.representations import open_representation
from corpus_tuner.indexes.store.commit import commit, discard_unfinished, tidy
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import (
    EncoderEntry,
    Manifest,
    parse_manifest,
    read_manifest,
    verify,
)
from corpus_tuner.indexes.store.merging import due, merge_segments
from corpus_tuner.indexes.store.removing import hide
from corpus_tuner.indexes.store.segment_files import SEGMENT, write_segment
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.staged import Staged
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from corpus_tuner.indexes.store.writing import claim, locked
from corpus_tuner.language import languages_of_build
from corpus_tuner.progress import note, track, working
from corpus_tuner.recipe_files import files_hash
from corpus_tuner.settings import Settings, settings_hash, settings_of, stored_settings
from corpus_tuner.tuning.encoder.report import report_of
from corpus_tuner.workshop import FITTED, Workshop, Writers, open_writers

_COMPARED = 1_024  # documents that are looked up at once


class Recipe(NamedTuple):
    """What decides an index, but for its documents, with the models opened.

    Attributes
    ----------
    settings
        All of them.
    writers
        Who writes views.
    key
        A hash of all that decides.
    files
        The same as far as it is known without opening models (`corpus_tuner.recipe_files`).
    """

    settings: Settings
    writers: Writers
    key: str
    files: str


def build(
    source: str | Path | Documents,
    output: str | Path,
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | None = None,
    ledger: str | Path | None = None,
    fresh: bool = False,
    announce: Callable[[Changes], object] = lambda changes: None,
) -> BuildReport:
    """Make an index equal to a corpus, or go on with a build that was killed.

    Documents that the index has as they are stay as they are, those that it has and the corpus has
    not are hidden, and only the others are read: each is given views, by itself; the views are
    encoded and staged durably. All of it appears in one step at the end. An index that was made
    by another recipe is built anew.

    Parameters
    ----------
    source
        Of the corpus, as `corpus_tuner.corpora.Corpus` takes it.
    output
        The folder of the index.
    settings
        The recipe, or a dictionary of what differs from the default one, by stage as in a recipe's
        file; by default the default one.
    encoder
        An open encoder, to share one between builds; by default the one that the settings name.
    ledger
        The file of the ledger, to share one between indexes; by default one in `output`.
    fresh
        Build all of it anew.
    announce
        Called with what there is to do, where there was an index already.

    Raises
    ------
    CorpusTunerError
        If the corpus, the settings or the generator cannot be used.
    SearchIndexError
        If the encoder cannot be used, `output` is no folder for an index, or another is changing
        it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> report = ct.build(example_corpus, example_output, example_settings)
    >>> report.documents, report.language, report.changes.added
    (3, 'en', 3)
    """
    settings = settings_of(settings)
    index = path_of(output, "output")
    parsed = ParsedFiles(Layout(index).parsed)
    corpus = Corpus(source, settings.corpus, parsed)
    claim(index)
    with locked(index, "a build"), parsed:
        found = None if fresh else _standing(index)
        standing = found if found and _is_of(found, settings, encoder) else None
        changes = None
        if standing:
            changes = compare(index, standing, corpus)
            if not changes.total and not due(standing) and not _must_weigh(standing, settings):
                tidy(index, standing)  # a kill behind the commit
                return BuildReport.of(index, corpus, standing, changes)
        recipe = open_recipe(corpus, settings, encoder, standing)
        if found and found.build["key"] == recipe.key:
            standing = found
            changes = changes or compare(index, standing, corpus)
            announce(changes)
        else:
            if found:
                note(
                    f"{index} was built by another recipe, or with another model: all is built anew"
                )
            standing = changes = None
        if found and found.build["corpus"] != corpus.source:
            note(f"{index} was of {found.build['corpus']}, and is to be of {corpus.source}")
        manifest = standing
        if manifest is None or changes is None or changes.total:
            manifest, changes = update(index, corpus, recipe, standing, ledger)
        manifest = merge_due(index, manifest)
        manifest = _weigh(index, manifest, settings, recipe.writers.reader.encoder)
    return BuildReport.of(index, corpus, manifest, changes)


def open_recipe(
    corpus: Corpus, settings: Settings, encoder: Encoder | None, standing: Manifest | None
) -> Recipe:
    """Open the models of a recipe.

    Parameters
    ----------
    corpus
        Tells the language, where neither the settings nor an index do.
    settings
        The recipe.
    encoder
        An open one, or none.
    standing
        The manifest of an index that is to be added to.
    """
    with working("opening the models"):
        known = standing.encoder.fingerprint if standing else None
        languages = languages_of_build(standing.build) if standing else None
        writers = open_writers(
            corpus,
            settings,
            lambda spoken: encoder or open_encoder(settings.encoder, known, spoken),
            languages=languages,
        )
    encoder, languages = writers.reader.encoder, writers.languages
    key = settings_hash(settings, *languages.codes, encoder.fingerprint, *writers.identity)
    return Recipe(settings, writers, key, files_hash(settings, encoder.fingerprint))


def compare(index: Path, manifest: Manifest, corpus: Corpus, *, whole: bool = True) -> Changes:
    """Return how the documents of a corpus differ from those of an index; no model is needed."""
    segments = Segments.of(index, manifest)
    try:
        comparison = Comparison(segments, whole=whole)
        for chunk in track(corpus.chunks(_COMPARED), "comparing with the index", size=len):
            comparison.new(chunk)
    finally:
        segments.close()
    return comparison.changes


def update(
    index: Path,
    corpus: Corpus,
    recipe: Recipe,
    standing: Manifest | None,
    ledger: str | Path | None,
    *,
    whole: bool = True,
) -> tuple[Manifest, Changes]:
    """Write, encode and index what is missing, hide what is gone, and commit.

    Parameters
    ----------
    index
        The folder of the index, locked.
    corpus
        The documents.
    recipe
        How they are indexed.
    standing
        The manifest in force; ``None`` where an index is built anew.
    ledger
        The file of the ledger; by default the one of the index.
    whole
        Whether the index is to have these documents and no others.
    """
    layout = Layout(index)
    settings, writers = recipe.settings, recipe.writers
    encoder = writers.reader.encoder
    stored = _representations(settings)
    representations = [open_representation(each) for each in stored.values()]
    lexical = _lexical(settings, writers.languages)
    folder = layout.staging(recipe.key)
    discard_unfinished(index, keep=folder)
    segments = Segments.of(index, standing) if standing else None
    staging = Staging(folder, representations, encoder.dimension)
    comparison = Comparison(segments, whole=whole)
    try:
        fitted = staging.noted(FITTED) or (standing.build[FITTED] if standing else None)
        ledger_file = Path(ledger or layout.ledger)
        with Workshop(
            corpus, settings, writers, ledger_file, folder, fitted, whole=whole
        ) as workshop:
            staging.note(FITTED, workshop.fitted)
            every = (one for some in workshop.chunks("building") for one in comparison.new(some))
            for new in chunks(every, settings.documents_at_once):
                staging.add(map(_encoded, workshop.enrich(staging.missing(new))))
                staging.arrange(new)
            if not staging.documents and not standing:
                raise CorpusTunerError(f"{corpus.source} has no document that can be used")
            entries, alive = (
                hide(standing, segments, comparison.gone) if standing and segments else ((), {})
            )
            if staging.documents:
                with working("writing the index"):
                    source = Staged(staging, lexical)
                    rankers = lexical.rankers if lexical else ()
                    segment = write_segment(
                        source, folder, representations, encoder.dimension, rankers
                    )
                    entries = (*entries, segment)
            new_folder = folder / SEGMENT if staging.documents else None
            described = workshop.described()
    finally:
        staging.close()
        if segments:
            segments.close()
    changes = comparison.changes
    # The weights in force were chosen by these settings, whatever is asked for now.
    weighed_by = {"search": standing.build["settings"]["search"]} if standing else {}
    source_name = standing.build["corpus"] if standing and not whole else corpus.source
    manifest = Manifest(
        encoder=_encoder_entry(encoder, settings),
        representation=settings.representation.name,
        representations={name: each.model_dump() for name, each in stored.items()},
        lexical=lexical,
        search=standing.search if standing else settings.search,
        calibration=standing.calibration if standing else None,
        generation=_generation(index),
        segments=entries,
        changed=changes.total + standing.changed if standing else 0,
        build={
            "key": recipe.key,
            "files": recipe.files,
            **described,
            "encoder_tuning": _verdict(encoder),
            "languages": dict(writers.shares) or (standing.build["languages"] if standing else {}),
            "corpus": source_name,
            "skipped": dict(corpus.skipped),
            "settings": settings.model_dump(mode="json") | weighed_by,
        },
    )
    return commit(index, manifest, new_folder, alive), changes


def merge_due(index: Path, manifest: Manifest) -> Manifest:
    """Merge the segments of an index, locked, that are to be merged."""
    entries = due(manifest)
    if not entries:
        return manifest
    with working("merging segments"):
        return merge_segments(index, manifest, entries)


def _encoder_entry(encoder: Encoder, settings: Settings) -> EncoderEntry:
    return EncoderEntry(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        settings=settings.encoder.model_dump(exclude={"device", "trust_remote_code"})
        | {"name": encoder.name},
    )


def _verdict(encoder: Encoder) -> dict[str, Any] | None:
    """Return what held-out documents said of an encoder that was tuned here."""
    report = report_of(encoder.name)
    return report.verdict.model_dump(mode="json") if report else None


def _encoded(enriched: Enriched) -> EncodedDocument:
    return EncodedDocument(enriched.document, enriched.views, enriched.vectors, enriched.counts)


def _standing(index: Path) -> Manifest | None:
    """Return the manifest of the index that is there, if it is sound."""
    if not Layout(index).manifest.is_file():
        return None
    try:
        manifest = read_manifest(index)
        verify(index, manifest.segments)
        return manifest
    except SearchIndexError as error:  # damaged, or of another version
        note(f"{error}: all is built anew")
        return None


def _generation(index: Path) -> int:
    """Return the generation that is in force, so that no later one has its number."""
    try:
        return parse_manifest(index).generation
    except SearchIndexError:
        return 0


def _is_of(manifest: Manifest, settings: Settings, encoder: Encoder | None) -> bool:
    """Tell, without opening a model, whether an index was made by this recipe."""
    if encoder is not None and encoder.fingerprint != manifest.encoder.fingerprint:
        return False
    files: str = manifest.build["files"]
    return files == files_hash(settings, manifest.encoder.fingerprint)


def _representations(settings: Settings) -> dict[str, PartSettings]:
    """Return what is indexed, by name: the baselines, and last the configured one."""
    configured = settings.representation
    names: list[str] = [name for name in settings.baselines if name != configured.name]
    others = {
        name: read_settings("corpus_tuner.indexes.representations", {"name": name})
        for name in names
    }
    return {**others, configured.name: configured}


def _lexical(settings: Settings, languages: Languages) -> LexicalSettings | None:
    """Return what terms are indexed, the corpus's languages filled in."""
    if settings.lexical is None or settings.lexical.languages:
        return settings.lexical
    return settings.lexical.model_copy(update={"languages": languages.codes})


def _must_weigh(manifest: Manifest, settings: Settings) -> bool:
    """Tell whether the weights are other ones than the settings ask for, or too old."""
    standing = stored_settings(manifest).search
    asked_by = manifest.calibration["asked_by"] if manifest.calibration else None
    if standing != settings.search or asked_by != settings.calibrate:
        return True
    return settings.calibrate is not None and must_calibrate(manifest)


def _weigh(index: Path, manifest: Manifest, settings: Settings, encoder: Encoder) -> Manifest:
    """See that an index, locked, has the weights that the settings ask for."""
    if not _must_weigh(manifest, settings):
        return manifest
    if settings.calibrate:
        return calibrated(index, encoder, settings.search, by=settings.calibrate)[0]
    return commit(index, weighed(manifest, settings.search, None))
