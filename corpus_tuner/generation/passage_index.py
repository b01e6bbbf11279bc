"""Which documents of the whole corpus have the passages that are nearest to a view."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import track
from corpus_tuner.corpora import Corpus
from corpus_tuner.generation.checks import Candidate
from corpus_tuner.indexes.representations import passage
from corpus_tuner.indexes.search.local_index import LocalIndex
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.indexes.store.segment_writer import SEGMENT, write_segment
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from corpus_tuner.text.document_encoding import DocumentEncoder

_AT_ONCE = 256  # documents
_REPRESENTATION = passage.Representation(passage.Settings(windows="all"))


class PassageIndex:
    """Reads the passages of a corpus, and keeps them until it is closed.

    Parameters
    ----------
    corpus
        Corpus to search.
    folder
        In which the passages' vectors are stored; what is there already is not read again.
    reader
        Reads passages.
    """

    def __init__(self, corpus: Corpus, folder: Path, reader: DocumentEncoder) -> None:
        self._reader = reader
        self._encoder = reader.encoder
        folder.mkdir(parents=True, exist_ok=True)
        with closing(Staging(folder, [_REPRESENTATION], self._encoder.dimension)) as staging:
            total = corpus.count()
            for chunk in track(
                corpus.iterate_chunks(_AT_ONCE), "reading passages", lambda: total, len
            ):
                staging.add(self._encoded(staging.find_missing(chunk)))
                staging.arrange(chunk)
            dimension = self._encoder.dimension
            write_segment(staging, folder, [_REPRESENTATION], dimension)
            live_docs = np.ones(staging.documents, bool)
        segments = Segments([folder / SEGMENT], [live_docs])
        self._index = LocalIndex(segments, segments.open_dense(_REPRESENTATION, dimension))

    def __enter__(self) -> "PassageIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()

    def find_nearest(self, candidates: Sequence[Candidate], most: int) -> list[list[str]]:
        """Return for each candidate, as a query, the documents with the best passages, by id."""
        if self._encoder.symmetric:
            vectors = np.stack([candidate.vector for candidate in candidates])
        else:
            vectors = self._encoder.encode_queries(
                [candidate.view.text for candidate in candidates]
            )
        plan = Plan(most, {"passage": 1.0}, SearchSettings())
        queries = [candidate.view.text for candidate in candidates]
        found = self._index.find_candidates(plan, queries, vectors)
        return [one.rank(plan).ids for one in found]

    def _encoded(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        return [
            EncodedDocument(reading.document, reading.passages, reading.vectors)
            for reading in self._reader.encode(documents, [()] * len(documents))
        ]
