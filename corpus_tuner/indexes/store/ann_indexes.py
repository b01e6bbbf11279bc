"""ANN indexes of segments: built from the stored vectors only, and so at any time."""

from pathlib import Path

from corpus_tuner.core.files import sync_file
from corpus_tuner.indexes.representations import read_representation
from corpus_tuner.indexes.store.commit import commit
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, SegmentEntry
from corpus_tuner.indexes.vectors.ann import VectorSettings, build_ann_index
from corpus_tuner.indexes.vectors.rows import StoredRows, ann_index_file, vectors_file


def find_missing(manifest: Manifest, settings: VectorSettings) -> list[SegmentEntry]:
    """Return the segments that are to have an ANN index by these settings, and have none."""
    is_same = manifest.vectors.settings.index == settings.index
    return [
        entry
        for entry in manifest.segments
        if _needs_index(manifest, entry, settings) and not (is_same and entry.ann_index)
    ]


def write_ann_indexes(index: Path, manifest: Manifest, settings: VectorSettings) -> Manifest:
    """Write the ANN indexes that segments lack by these settings; return the new manifest.

    If it is not committed, `corpus_tuner.indexes.store.commit.collect_garbage` removes the files
    that only it names.

    Raises
    ------
    SearchIndexError
        If vectors cannot be read, or an ANN index cannot be built.
    """
    missing = find_missing(manifest, settings)
    entries = []
    for entry in manifest.segments:
        if entry in missing:
            file = _write_ann_index(index, manifest, entry, settings)
            entry = entry.replace_file("ann_index", file)
        elif not _needs_index(manifest, entry, settings):
            entry = entry.replace_file("ann_index", None)
        entries.append(entry)
    return manifest.model_copy(update={"segments": tuple(entries)})


def commit_missing(index: Path, manifest: Manifest) -> Manifest:
    """Write and commit the ANN indexes that an index, locked, lacks by its own settings.

    Their recall is measured later (`corpus_tuner.calibration.ann_recall`).
    """
    settings = manifest.vectors.settings
    if not find_missing(manifest, settings):
        return manifest
    vectors = manifest.vectors.model_copy(update={"recall": None, "queries": None})
    written = write_ann_indexes(index, manifest, settings)
    return commit(index, written.model_copy(update={"vectors": vectors}))


def _needs_index(manifest: Manifest, entry: SegmentEntry, settings: VectorSettings) -> bool:
    return settings.needs_index(entry.rows[manifest.representation])


def _write_ann_index(
    index: Path, manifest: Manifest, entry: SegmentEntry, settings: VectorSettings
) -> Path:
    """Write the ANN index of a segment; nobody reads it before the commit."""
    folder = Layout(index).get_segment_folder(entry.name)
    how = read_representation(manifest.representations[manifest.representation])
    rows = StoredRows(vectors_file(folder, how.name), manifest.encoder.dimension, how.storage)
    file = ann_index_file(folder, how.name, manifest.generation + 1)
    file.unlink(missing_ok=True)  # of a process that was killed; a link is not followed
    build_ann_index(settings, rows, file)
    sync_file(file)
    return file
