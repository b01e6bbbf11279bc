"""Small indexes of given vectors, written as builds write them, in one segment or several."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import open_representation, views
from corpus_tuner.indexes.store.ann_indexes import commit_missing
from corpus_tuner.indexes.store.commit import commit, move_segment
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import (
    EncoderEntry,
    Manifest,
    SegmentEntry,
    VectorSearchEntry,
    read_manifest,
)
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from corpus_tuner.indexes.store.write_lock import create_index_folder, lock_index
from corpus_tuner.indexes.vectors.ann import SearchParameters, VectorSettings
from tests.conftest import make_documents, write_jsonl

FINGERPRINT = "f" * 64
CHOSEN = ["generator=null", "views.sentences=2", "calibrate=false", "language=en"]


class Table:
    """An encoder of small whole numbers: plenty of ties, and every sum is exact."""

    name, fingerprint, max_tokens = "table", FINGERPRINT, 99

    def __init__(self, vectors: dict[str, Vectors], dimension: int = 3) -> None:
        self.dimension = dimension
        self._vectors = vectors

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vectors[text] for text in texts])

    encode_queries = encode_documents


def encoded(
    number: int,
    text: str,
    vectors: Vectors,
    kind: str = "sentence",
    title: str = "",
    passages: int = 1,
) -> EncodedDocument:
    """A document d0, d1, ... with a view per vector; the first are its passages."""
    id_ = f"d{number}"
    return EncodedDocument(
        Document(id_, title, text, {"number": number}),
        [
            View(id_, "passage" if position < passages else kind, f"view {position}")
            for position in range(len(vectors))
        ],
        vectors,
    )


def write_index(
    folder: Path,
    documents: Sequence[EncodedDocument],
    representation: PluginSettings | None = None,
    lexical: LexicalSettings | None = None,
    *,
    segments: int = 1,
    search: SearchSettings | None = None,
    vectors: VectorSettings | None = None,
    parameters: SearchParameters | None = None,
) -> Manifest:
    """An index of these documents, spread over some segments in their order."""
    chosen = representation or views.Settings()
    dimension = documents[0].vectors.shape[1]
    create_index_folder(folder)
    entries: tuple[SegmentEntry, ...] = ()
    ends = np.linspace(0, len(documents), segments + 1).astype(int)
    generation = read_manifest(folder).generation if Layout(folder).manifest.exists() else 0
    with lock_index(folder, "a test"):
        for start, end in pairwise(ends):
            staging = Staging(
                Layout(folder).get_staging_folder(f"{0:064x}"),
                [open_representation(chosen)],
                dimension,
                lexical,
            )
            part = documents[start:end]
            missing = staging.find_missing([one.document for one in part])
            staging.add([one for one in part if one.document in missing])
            staging.arrange([one.document for one in part])
            entry = move_segment(folder, staging.write(), staging.folder)
            staging.close()
            manifest = Manifest(
                encoder=EncoderEntry(
                    fingerprint=FINGERPRINT, dimension=dimension, max_tokens=99, settings={}
                ),
                representation=chosen.name,
                representations={chosen.name: chosen.model_dump()},
                lexical=lexical,
                search=search or SearchSettings(),
                generation=generation,
                segments=(*entries, entry),
            )
            manifest = commit(folder, manifest)
            generation = manifest.generation
            entries = manifest.segments
        if vectors:
            search_entry = VectorSearchEntry(
                settings=vectors, parameters=parameters or vectors.get_first_parameters()
            )
            manifest = commit_missing(folder, manifest.model_copy(update={"vectors": search_entry}))
    return manifest


def build_index(folder: Path, encoder: Any, count: int, seed: int = 0) -> Path:
    """Build the index of some documents of random words anew."""
    write_jsonl(folder / "corpus.jsonl", make_documents(count, seed))
    settings = load_recipe(None, CHOSEN)
    build(folder / "corpus.jsonl", folder / "index", settings, encoder=encoder, fresh=True)
    return folder / "index"
