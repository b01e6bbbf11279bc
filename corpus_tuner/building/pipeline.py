"""The build pipeline: a corpus in, an index out that is equal to it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from corpus_tuner.building.diff import Changes, CorpusDiff, read_valid_manifest
from corpus_tuner.building.in_progress import BuildInProgress
from corpus_tuner.building.merge import find_due_segments, merge_segments
from corpus_tuner.building.preview import preview_update
from corpus_tuner.building.ray_cluster import Cluster
from corpus_tuner.building.ray_worker import WorkerTask
from corpus_tuner.building.report import BuildReport
from corpus_tuner.building.segment_builder import list_representations, stage
from corpus_tuner.building.skipped import store_skipped
from corpus_tuner.calibration.ann_recall import build_ann_indexes, needs_ann_build
from corpus_tuner.calibration.weights import must_calibrate, recalibrate, set_weights
from corpus_tuner.config.recipe import (
    Recipe,
    dump_recipe,
    hash_recipe_files,
    parse_recipe,
    set_encoder,
    set_lexical_languages,
)
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.progress import print_note, show_activity, show_progress, track
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.corpus import IN_MEMORY
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.encoders import Encoder
from corpus_tuner.encoders.embedded import resolve_auto
from corpus_tuner.encoders.model_files import list_encoder_files
from corpus_tuner.encoders.tuning_report import find_report
from corpus_tuner.errors import CorpusTunerError, SearchIndexError
from corpus_tuner.generation.cost import (
    CostEstimate,
    CostReport,
    list_paid_generators,
    report_costs,
)
from corpus_tuner.generation.enricher import Enricher
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
)
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.soft_delete import soft_delete
from corpus_tuner.indexes.store.write_lock import create_index_folder, lock_index
from corpus_tuner.rerankers import Reranker

_COMPARED = 1_024  # documents that are looked up at once


def build(
    source: str | Path | Documents,
    output: str | Path,
    recipe: Recipe | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    ledger: str | Path | None = None,
    fresh: bool = False,
    sync: bool = False,
    announce: Callable[[Changes], object] = lambda changes: None,
    ray: str | None = None,
    progress: bool = True,
) -> BuildReport:
    """Build an index of a corpus, update it (incremental indexing), or resume a build.

    Unchanged documents stay as they are, those that are no longer in the corpus are deleted, and
    only the others are enriched with views and encoded. All changes take effect at once at the end.
    An index that was built by another recipe is built again.

    Parameters
    ----------
    source
        The corpus, as `corpus_tuner.corpora.Corpus` takes it.
    output
        Folder of the index.
    recipe
        The recipe, or a dictionary of what differs from the default one, by stage as in a recipe
        file.
    encoder
        An open encoder, to share one between builds, or the name or folder of one; by default that
        of the recipe.
    ledger
        File of the ledger, to share one between indexes; by default one in `output`.
    fresh
        Build all of the index again.
    sync
        Replace the documents of another corpus. Without it, or `fresh`, a build is refused if it
        would delete most documents of the index and `source` is not what the index was built from;
        documents in memory are another corpus if most ids differ.
    announce
        Called with the changes to make if there is an index already.
    ray
        Address of a Ray cluster to build on: ``local``, ``auto``, ``HOST:PORT`` or
        ``ray://HOST:PORT``. The index is the same, in more segments.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError
        If the corpus, the recipe, the generator or the cluster cannot be used, or most documents
        of another corpus would be deleted.
    SearchIndexError
        If the encoder or the reranker cannot be used, `output` is no folder for an index, or
        another process is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> report = ct.build(example_corpus, example_output, example_settings)
    >>> report.documents, report.language, report.changes.added
    (3, 'en', 3)
    """
    recipe, encoder = set_encoder(parse_recipe(recipe), encoder)
    cluster = Cluster(ray, recipe.ray) if ray is not None else None
    index = check_path(output, "output")
    layout = Layout(index)
    parsed = ParseCache(layout.parsed)
    corpus = Corpus(source, recipe.corpus, parsed)
    create_index_folder(index)
    with lock_index(index, "a build"), parsed, show_progress(progress):
        found = None if fresh else read_valid_manifest(index)
        current = found if found and _is_built_by(found, recipe, encoder) else None
        may_differ = found is not None and _may_be_of_another(found, corpus)
        changes = compare(index, found, corpus) if found and (current or may_differ) else None
        if found and changes and may_differ and not sync:
            _refuse_replacement(index, found, corpus, changes)
        if current and changes and _is_up_to_date(current, changes, recipe):
            collect_garbage(index, current)  # of a build that was killed after its commit
            skipped_changed = store_skipped(index, corpus.source, corpus.list_skipped())
            return BuildReport.of(index, corpus, current, changes, skipped_changed=skipped_changed)
        if recipe.search.reranker:
            Reranker.open(recipe.search.reranker)  # an error now, not when all is built
        opened = open_recipe(
            corpus,
            recipe,
            encoder=encoder,
            languages=current.build.known_languages if current else None,
            fingerprint=current.encoder.fingerprint if current else None,
        )
        current = found if found and found.build.key == opened.key else None
        if current:
            changes = changes or compare(index, current, corpus)
            announce(changes)
        elif found:
            print_note(f"{index} was built by another recipe, or with another model: it is rebuilt")
        if found and found.build.corpus != corpus.source:
            print_note(f"{index} was of {found.build.corpus}, and will be of {corpus.source}")
        encoder_name = opened.recipe.encoder.name
        costs: Sequence[CostReport] = ()
        if current and changes and not changes.total and current.encoder.name == encoder_name:
            manifest = current
        else:
            manifest, changes, estimates = update(
                index, corpus, opened, current, ledger, cluster=cluster
            )
            costs = report_costs(opened, estimates)
        skipped_changed = store_skipped(index, corpus.source, corpus.list_skipped())
        imported = str(layout.encoder.resolve())
        if found and manifest.encoder.name != found.encoder.name == imported:
            shutil.rmtree(layout.encoder, ignore_errors=True)
        calibrate = _must_weigh(manifest, recipe)
        manifest = finish(index, manifest, recipe, opened.encoder, calibrate=calibrate)
    return BuildReport.of(
        index, corpus, manifest, changes, skipped_changed=skipped_changed, costs=costs
    )


def compare(index: Path, manifest: Manifest, corpus: Corpus, *, whole: bool = True) -> Changes:
    """Return how the documents of a corpus differ from those of an index; no model is needed."""
    with closing(Segments.open(index, manifest)) as segments:
        diff = CorpusDiff(segments, whole=whole)
        for chunk in track(corpus.iterate_chunks(_COMPARED), "comparing with the index", size=len):
            diff.find_new(chunk)
    return diff.changes


def update(
    index: Path,
    corpus: Corpus,
    opened: OpenRecipe,
    current: Manifest | None,
    ledger: str | Path | None,
    *,
    whole: bool = True,
    cluster: Cluster | None = None,
) -> tuple[Manifest, Changes, Sequence[CostEstimate]]:
    """Index new documents, here or on a cluster, delete outdated ones, and commit.

    What paid generators will cost is estimated and noted before, and returned.

    Parameters
    ----------
    current
        The current manifest; ``None`` to build the index from nothing.
    ledger
        File of the ledger; by default that of the index.
    whole
        Whether the index will contain these documents only.
    """
    layout = Layout(index)
    folder = layout.get_staging_folder(opened.key)
    discard_builds(index, keep=folder)
    ledger_file = Path(ledger or layout.ledger)
    estimates: Sequence[CostEstimate] = ()
    if list_paid_generators(opened):
        estimates = preview_update(index, corpus, opened, current, ledger_file, whole=whole).costs
        for estimate in estimates:
            print_note(estimate.describe())
    with ExitStack() as stack:
        workers = stack.enter_context(cluster.connect()) if cluster else 0
        segments = Segments.open(index, current) if current else Segments([], [])
        stack.enter_context(closing(segments))
        building = stack.enter_context(BuildInProgress(index, folder, opened, ledger_file))
        staging = building.staging
        diff = CorpusDiff(segments, whole=whole)
        with Enricher(corpus, opened, ledger_file) as enricher:
            missing = (
                document
                for chunk in enricher.read_chunks("reading" if cluster else "building")
                for document in building.find_missing(diff.find_new(chunk))
            )
            for documents in split_into_chunks(missing, opened.recipe.documents_at_once):
                if cluster:
                    building.defer(documents)
                else:
                    stage(staging, documents, enricher)
            description = enricher.describe()
        if cluster:
            task = WorkerTask.of(index, folder, ledger_file, opened)
            building.build_shards(cluster, workers, task)
        manifest = _make_manifest(index, corpus, opened, current, description, whole=whole)
        generation = manifest.generation + 1
        entries = building.write(generation)
        if not entries and not current:
            raise_no_documents(corpus)
        if current:
            entries = [
                *soft_delete(current.segments, segments, diff.removed, generation),
                *entries,
            ]
    changes = diff.changes
    update = {
        "segments": tuple(entries),
        "changed": changes.total + current.changed if current else 0,
    }
    return commit(index, manifest.model_copy(update=update)), changes, estimates


def finish(
    index: Path, manifest: Manifest, recipe: Recipe, encoder: Encoder, *, calibrate: bool
) -> Manifest:
    """Merge segments, choose weights, and build the ANN index of an index, locked, if due."""
    if entries := find_due_segments(manifest):
        with show_activity("merging segments"):
            manifest = merge_segments(index, manifest, entries)
    if calibrate and recipe.calibrate:
        manifest, _ = recalibrate(index, encoder, recipe.search)
    elif calibrate:
        manifest = commit(index, set_weights(manifest, recipe.search, None))
    if needs_ann_build(manifest, recipe.vectors):
        manifest = build_ann_indexes(index, manifest, recipe.vectors, encoder)
    return manifest


def _make_manifest(
    index: Path,
    corpus: Corpus,
    opened: OpenRecipe,
    current: Manifest | None,
    description: Mapping[str, Any],
    *,
    whole: bool,
) -> Manifest:
    """Return the manifest of an updated index, without its segments."""
    recipe, encoder = opened.recipe, opened.encoder
    exact = VectorSearchEntry(
        settings=recipe.vectors, parameters=recipe.vectors.get_first_parameters()
    )
    if current and not whole and current.encoder.fingerprint == encoder.fingerprint:
        encoder_files = dict(current.encoder.files)  # hashing them takes longer than one document
    else:
        encoder_files = {
            name: StoredFile.describe(file)
            for name, file in list_encoder_files(recipe.encoder).items()
        }
    report = find_report(encoder.name)
    try:
        generation = parse_manifest(index).generation  # so that no later one has its number
    except SearchIndexError:
        generation = 0
    return Manifest(
        encoder=EncoderEntry(
            fingerprint=encoder.fingerprint,
            dimension=encoder.dimension,
            max_tokens=encoder.max_tokens,
            settings=recipe.encoder.model_dump(exclude={"device", "trust_remote_code"}),
            files=encoder_files,
        ),
        representation=recipe.representation.name,
        representations={one.name: one.model_dump() for one in list_representations(recipe)},
        vectors=current.vectors if current else exact,
        lexical=recipe.lexical,
        search=current.search if current else recipe.search,
        calibration=current.calibration if current else None,
        generation=generation,
        segments=(),
        changed=0,
        build=BuildRecord(
            key=opened.key,
            files=hash_recipe_files(recipe, encoder.fingerprint),
            **description,
            encoder_tuning=report.verdict if report else None,
            languages=dict(opened.language_shares) or (current.build.languages if current else {}),
            corpus=current.build.corpus if current and not whole else corpus.source,
            recipe=dump_recipe(recipe),
        ),
    )


def _may_be_of_another(manifest: Manifest, corpus: Corpus) -> bool:
    """Tell whether an index may be of another corpus; documents in memory have no source."""
    return corpus.source == IN_MEMORY or bool(corpus.limit) or _is_of_another(manifest, corpus)


def _is_of_another(manifest: Manifest, corpus: Corpus) -> bool:
    """Tell whether an index was built from another source; paths may be relative or not."""
    before, now = manifest.build.corpus, corpus.source
    return before != now and Path(before).resolve() != Path(now).resolve()


def _refuse_replacement(index: Path, manifest: Manifest, corpus: Corpus, changes: Changes) -> None:
    """Refuse to replace most documents of an index by those of another corpus."""
    lost = changes.removed + (changes.changed if _is_of_another(manifest, corpus) else 0)
    if lost > manifest.documents / 2:
        first = f"the first {format_count(corpus.limit, 'document')} of " if corpus.limit else ""
        raise CorpusTunerError(
            f"{index} was built from {manifest.build.corpus}, and {lost:,} of "
            f"{format_count(manifest.documents, 'document')} would be removed or "
            f"replaced by {first}{corpus.source}: "
            "give another output folder, or replace them with --sync (in Python sync=True), or "
            "build a new index with --fresh (fresh=True)"
        )


def _is_built_by(manifest: Manifest, recipe: Recipe, encoder: Encoder | None) -> bool:
    """Tell, without opening a model, whether an index was built by this recipe."""
    if encoder is not None and encoder.fingerprint != manifest.encoder.fingerprint:
        return False
    languages = manifest.build.known_languages
    name = encoder.name if encoder else resolve_auto(recipe.encoder, languages.codes).name
    resolved, _ = set_encoder(set_lexical_languages(recipe, languages), name)
    return manifest.build.files == hash_recipe_files(resolved, manifest.encoder.fingerprint)


def _is_up_to_date(manifest: Manifest, changes: Changes, recipe: Recipe) -> bool:
    return not (
        changes.total
        or find_due_segments(manifest)
        or _must_weigh(manifest, recipe)
        or needs_ann_build(manifest, recipe.vectors)
    )


def _must_weigh(manifest: Manifest, recipe: Recipe) -> bool:
    """Tell whether the weights are other ones than the recipe requests, or outdated."""
    calibrated = manifest.calibration is not None
    if manifest.default_search != recipe.search or calibrated != recipe.calibrate:
        return True
    return recipe.calibrate and must_calibrate(manifest)
