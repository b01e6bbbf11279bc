"""The build pipeline: a corpus in, an index out that is equal to it."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from corpus_tuner.building.diff import Changes, Comparison
from corpus_tuner.building.in_progress import Unfinished
from corpus_tuner.building.merge import due, merge_segments
from corpus_tuner.building.ray_cluster import Cluster
from corpus_tuner.building.ray_worker import Order
from corpus_tuner.building.report import BuildReport
from corpus_tuner.building.segment import Indexed
from corpus_tuner.building.skipped import store_skipped
from corpus_tuner.calibration.ann_recall import build_ann_indexes, needs_ann_build
from corpus_tuner.calibration.weights import calibrated, must_calibrate, weighed
from corpus_tuner.config.recipe import (
    Recipe,
    dump_recipe,
    hash_recipe_files,
    parse_recipe,
    read_stored_recipe,
    set_encoder,
)
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.progress import print_note, show_activity, show_progress, track
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.corpus import IN_MEMORY
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.encoders import Encoder
from corpus_tuner.encoders.embedded import resolve_auto
from corpus_tuner.encoders.model_files import list_encoder_files
from corpus_tuner.encoders.tuning_report import TuningVerdict, find_report
from corpus_tuner.errors import CorpusTunerError, SearchIndexError
from corpus_tuner.generation.enricher import FITTED, Enricher
from corpus_tuner.generation.open_recipe import OpenRecipe, open_recipe, raise_no_documents
from corpus_tuner.indexes.store.commit import collect_garbage, commit, discard_builds
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import (
    BuildRecord,
    EncoderEntry,
    Manifest,
    StoredFile,
    VectorSearchEntry,
    parse_manifest,
    read_manifest,
    verify,
)
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.soft_delete import soft_delete
from corpus_tuner.indexes.store.write_lock import create_index_folder, lock_index

_COMPARED = 1_024  # documents that are looked up at once


def build(
    source: str | Path | Documents,
    output: str | Path,
    settings: Recipe | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    ledger: str | Path | None = None,
    fresh: bool = False,
    sync: bool = False,
    announce: Callable[[Changes], object] = lambda changes: None,
    ray: str | None = None,
    progress: bool = True,
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
        An open encoder, to share one between builds, or the name or folder of one; by default the
        one that the settings name.
    ledger
        The file of the ledger, to share one between indexes; by default one in `output`.
    fresh
        Build all of it anew.
    sync
        Replace the documents of another corpus. Without it, or `fresh`, a build is refused where
        most documents of the index would go and `source` is not what the index was built from;
        documents in memory are another corpus where most ids are others.
    announce
        Called with what there is to do, where there was an index already.
    ray
        The address of a Ray cluster whose machines do the work (`corpus_tuner.distributed`):
        ``local``, ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``. The index is the same one, in
        more segments.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError
        If the corpus, the settings, the generator or the cluster cannot be used, or most documents
        of another corpus would go.
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
    settings, encoder = set_encoder(parse_recipe(settings), encoder)
    cluster = Cluster(ray, settings.ray) if ray is not None else None
    index = check_path(output, "output")
    parsed = ParseCache(Layout(index).parsed)
    corpus = Corpus(source, settings.corpus, parsed)
    own_encoder = Layout(index).encoder
    create_index_folder(index)
    with lock_index(index, "a build"), parsed, show_progress(progress):
        found = None if fresh else _standing(index)
        standing = found if found and _is_of(found, settings, encoder) else None
        is_other = found is not None and _may_be_other(found, corpus)
        changes = compare(index, found, corpus) if found and (standing or is_other) else None
        if found and changes and is_other and not sync:
            _refuse_replacement(index, found, corpus, changes)
        if standing and changes and _is_equal(standing, changes, settings):
            collect_garbage(index, standing)  # a kill behind the commit
            skipped_changed = _store_skipped(index, corpus)
            return BuildReport.of(index, corpus, standing, changes, skipped_changed=skipped_changed)
        recipe = open_recipe(
            corpus,
            settings,
            encoder=encoder,
            languages=standing.build.known_languages if standing else None,
            fingerprint=standing.encoder.fingerprint if standing else None,
        )
        if found and found.build.key == recipe.key:
            standing = found
            changes = changes or compare(index, standing, corpus)
            announce(changes)
        else:
            if found:
                print_note(
                    f"{index} was built by another recipe, or with another model: all is built anew"
                )
            standing = changes = None
        if found and found.build.corpus != corpus.source:
            print_note(f"{index} was of {found.build.corpus}, and is to be of {corpus.source}")
        manifest = standing
        renamed = manifest and manifest.encoder.name != recipe.recipe.encoder.name
        if manifest is None or changes is None or changes.total or renamed:
            manifest, changes = update(index, corpus, recipe, standing, ledger, cluster=cluster)
        skipped_changed = _store_skipped(index, corpus)
        if found and manifest.encoder.name != found.encoder.name == str(own_encoder.resolve()):
            shutil.rmtree(own_encoder, ignore_errors=True)  # it came with an import
        manifest = merge_due(index, manifest)
        manifest = _weigh(index, manifest, settings, recipe.encoder)
        if needs_ann_build(manifest, settings.vectors):
            manifest = build_ann_indexes(index, manifest, settings.vectors, recipe.encoder)
    return BuildReport.of(index, corpus, manifest, changes, skipped_changed=skipped_changed)


def _store_skipped(index: Path, corpus: Corpus) -> bool:
    return store_skipped(index, corpus.source, corpus.list_skipped())


def compare(index: Path, manifest: Manifest, corpus: Corpus, *, whole: bool = True) -> Changes:
    """Return how the documents of a corpus differ from those of an index; no model is needed."""
    segments = Segments.open(index, manifest)
    try:
        comparison = Comparison(segments, whole=whole)
        for chunk in track(corpus.iterate_chunks(_COMPARED), "comparing with the index", size=len):
            comparison.new(chunk)
    finally:
        segments.close()
    return comparison.changes


def update(
    index: Path,
    corpus: Corpus,
    recipe: OpenRecipe,
    standing: Manifest | None,
    ledger: str | Path | None,
    *,
    whole: bool = True,
    cluster: Cluster | None = None,
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
    cluster
        Makes what is missing, in place of this process.
    """
    layout = Layout(index)
    settings, encoder = recipe.recipe, recipe.encoder
    indexed = Indexed.by(settings, recipe.languages, encoder.dimension)
    folder = layout.staging(recipe.key)
    discard_builds(index, keep=folder)
    ledger_file = Path(ledger or layout.ledger)
    with ExitStack() as opened:
        workers = opened.enter_context(cluster.connected()) if cluster else 0
        segments = Segments.open(index, standing) if standing else Segments([], [])
        opened.callback(segments.close)
        unfinished = opened.enter_context(Unfinished(index, folder, indexed, ledger_file))
        comparison = Comparison(segments, whole=whole)
        fitted = unfinished.staging.read_note(FITTED) or (
            standing.build.fitted if standing else None
        )
        with Enricher(corpus, recipe, ledger_file, folder, fitted, whole=whole) as enricher:
            unfinished.staging.write_note(FITTED, enricher.fitted)
            every = (
                one
                for some in enricher.read_chunks("reading" if cluster else "building")
                for one in unfinished.missing(comparison.new(some))
            )
            for new in split_into_chunks(every, settings.documents_at_once):
                if cluster:
                    unfinished.leave(new)
                else:
                    unfinished.make(new, enricher)
            described = enricher.describe()
        if cluster:
            order = Order.of(index, folder, ledger_file, recipe, described[FITTED])
            unfinished.make_on(cluster, workers, order)
        written = unfinished.write()
        if not written.entries and not standing:
            raise_no_documents(corpus)
        kept, live_docs = soft_delete(
            standing.segments if standing else (), segments, comparison.gone
        )
    changes = comparison.changes
    stored_recipe = dump_recipe(settings)
    if standing:  # the ANN index in force is by these settings, whatever is requested now
        stored_recipe["vectors"] = standing.build.recipe["vectors"]
    source_name = standing.build.corpus if standing and not whole else corpus.source
    manifest = Manifest(
        encoder=_encoder_entry(encoder, settings),
        representation=settings.representation.name,
        representations={name: one.model_dump() for name, one in indexed.stored.items()},
        vectors=standing.vectors if standing else VectorSearchEntry(),
        lexical=indexed.lexical,
        search=standing.search if standing else settings.search,
        calibration=standing.calibration if standing else None,
        generation=_generation(index),
        segments=(*kept, *written.entries),
        changed=changes.total + standing.changed if standing else 0,
        build=BuildRecord(
            key=recipe.key,
            files=hash_recipe_files(settings, encoder.fingerprint),
            **described,
            encoder_tuning=_verdict(encoder),
            languages=dict(recipe.language_shares)
            or (standing.build.languages if standing else {}),
            corpus=source_name,
            recipe=stored_recipe,
        ),
    )
    return commit(index, manifest, written.folder, live_docs | written.live_docs), changes


def merge_due(index: Path, manifest: Manifest) -> Manifest:
    """Merge the segments of an index, locked, that are to be merged."""
    entries = due(manifest)
    if not entries:
        return manifest
    with show_activity("merging segments"):
        return merge_segments(index, manifest, entries)


def _encoder_entry(encoder: Encoder, settings: Recipe) -> EncoderEntry:
    files = list_encoder_files(settings.encoder)
    return EncoderEntry(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        settings=settings.encoder.model_dump(exclude={"device", "trust_remote_code"}),
        files={name: StoredFile.of(file) for name, file in files.items()},
    )


def _verdict(encoder: Encoder) -> TuningVerdict | None:
    """Return what held-out documents said of an encoder that was tuned here."""
    report = find_report(encoder.name)
    return report.verdict if report else None


def _standing(index: Path) -> Manifest | None:
    """Return the manifest of the index that is there, if it is sound."""
    if not Layout(index).manifest.is_file():
        return None
    try:
        manifest = read_manifest(index)
        verify(index, manifest.segments)
        return manifest
    except SearchIndexError as error:  # damaged, or of another version
        print_note(f"{error}: all is built anew")
        return None


def _generation(index: Path) -> int:
    """Return the generation that is in force, so that no later one has its number."""
    try:
        return parse_manifest(index).generation
    except SearchIndexError:
        return 0


def _may_be_other(manifest: Manifest, corpus: Corpus) -> bool:
    """Tell whether an index may be of another corpus: by its source, which memory has none of."""
    return corpus.source == IN_MEMORY or _is_of_another(manifest, corpus)


def _is_of_another(manifest: Manifest, corpus: Corpus) -> bool:
    """Tell whether an index was built from another source; paths may be relative or not."""
    before, now = manifest.build.corpus, corpus.source
    return before != now and Path(before).resolve() != Path(now).resolve()


def _refuse_replacement(index: Path, manifest: Manifest, corpus: Corpus, changes: Changes) -> None:
    """Refuse to replace most of an index by another corpus.

    Raises
    ------
    CorpusTunerError
        If more than half of the documents would be removed, or, where the source is another one,
        removed or replaced under their ids.
    """
    going = changes.removed + (changes.changed if _is_of_another(manifest, corpus) else 0)
    if going > manifest.documents / 2:
        raise CorpusTunerError(
            f"{index} was built from {manifest.build.corpus}, and {going:,} of its "
            f"{manifest.documents:,} documents are not in {corpus.source}, or are others there: "
            "give another output folder, or replace them with --sync (in Python sync=True), or "
            "build a new index with --fresh (fresh=True)"
        )


def _is_of(manifest: Manifest, settings: Recipe, encoder: Encoder | None) -> bool:
    """Tell, without opening a model, whether an index was made by this recipe."""
    if encoder is not None and encoder.fingerprint != manifest.encoder.fingerprint:
        return False
    codes = manifest.build.known_languages.codes
    name = encoder.name if encoder else resolve_auto(settings.encoder, codes).name
    files = manifest.build.files
    return files == hash_recipe_files(set_encoder(settings, name)[0], manifest.encoder.fingerprint)


def _is_equal(manifest: Manifest, changes: Changes, settings: Recipe) -> bool:
    """Tell whether nothing is to be done to an index."""
    return not changes.total and not due(manifest) and not _must_finish(manifest, settings)


def _must_finish(manifest: Manifest, settings: Recipe) -> bool:
    """Tell whether weights or engine are other ones than the settings ask for."""
    return _must_weigh(manifest, settings) or needs_ann_build(manifest, settings.vectors)


def _must_weigh(manifest: Manifest, settings: Recipe) -> bool:
    """Tell whether the weights are other ones than the settings ask for, or too old."""
    standing = read_stored_recipe(manifest).search
    query_source = manifest.calibration.query_source if manifest.calibration else None
    if standing != settings.search or query_source != settings.calibrate:
        return True
    return settings.calibrate is not None and must_calibrate(manifest)


def _weigh(index: Path, manifest: Manifest, settings: Recipe, encoder: Encoder) -> Manifest:
    """See that an index, locked, has the weights that the settings ask for."""
    if not _must_weigh(manifest, settings):
        return manifest
    if settings.calibrate:
        return calibrated(index, encoder, settings.search, by=settings.calibrate)[0]
    return commit(index, weighed(manifest, settings.search, None))
