"""What engines keep to find vectors: made of the vectors alone, and so at any time."""

from pathlib import Path

from corpus_tuner.core.files import sync_file
from corpus_tuner.indexes.representations import stored_representation
from corpus_tuner.indexes.store.commit import commit
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import GenerationFile, Manifest, SegmentEntry
from corpus_tuner.indexes.vectors.engines import EngineSettings, make_structure
from corpus_tuner.indexes.vectors.file_names import structure_file, vectors_file
from corpus_tuner.indexes.vectors.rows import StoredRows


def lacking(manifest: Manifest, settings: EngineSettings) -> list[SegmentEntry]:
    """Return the segments that are to have a structure by these settings and have none."""
    made = manifest.vectors.settings.structure() == settings.structure()
    return [
        entry
        for entry in manifest.segments
        if settings.needs_structure(_rows(manifest, entry)) and not (made and entry.structure)
    ]


def structured(index: Path, manifest: Manifest, settings: EngineSettings) -> Manifest:
    """Make the structures that there are to be by some settings, and let go of others.

    Parameters
    ----------
    index
        The folder of the index, locked.
    manifest
        As it is in force.
    settings
        Of the engine.

    Returns
    -------
    Manifest
        Yet to be committed. Structures that it names and the one in force does not are removed by
        `corpus_tuner.indexes.store.commit.tidy` unless it is.

    Raises
    ------
    SearchIndexError
        If vectors cannot be read.
    """
    missing = lacking(manifest, settings)
    entries = [
        entry.model_copy(update={"structure": _made(index, manifest, entry, settings)})
        if entry in missing
        else entry
        if settings.needs_structure(_rows(manifest, entry))
        else entry.model_copy(update={"structure": None})
        for entry in manifest.segments
    ]
    return manifest.model_copy(update={"segments": tuple(entries)})


def with_structures(index: Path, manifest: Manifest) -> Manifest:
    """Make the structures that an index, locked, lacks, by the settings in force, and commit them.

    What is found by them is yet to be measured.
    """
    settings = manifest.vectors.settings
    if not lacking(manifest, settings):
        return manifest
    vectors = manifest.vectors.model_copy(update={"recall": None, "queries": None})
    made = structured(index, manifest, settings)
    return commit(index, made.model_copy(update={"vectors": vectors}))


def _rows(manifest: Manifest, entry: SegmentEntry) -> int:
    return entry.rows[manifest.representation]


def _made(
    index: Path, manifest: Manifest, entry: SegmentEntry, settings: EngineSettings
) -> GenerationFile:
    """Write the structure of a segment; nobody reads it before the commit."""
    folder = Layout(index).segment(entry.name)
    how = stored_representation(manifest.representations[manifest.representation])
    rows = StoredRows(vectors_file(folder, how.name), manifest.encoder.dimension, how.storage)
    file = structure_file(folder, how.name, settings.name, manifest.generation + 1)
    make_structure(settings, rows, file)
    sync_file(file)
    return GenerationFile.of(file)
