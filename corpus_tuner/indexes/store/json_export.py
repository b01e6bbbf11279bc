"""The documents of an index as JSON lines, which `build` reads as a corpus."""

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.files import create_folder, write_atomically
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import Segments

_AT_ONCE = 256  # documents


@contextmanager
def open_json_lines(index: str | Path) -> Iterator[tuple[int, Iterator[bytes]]]:
    r"""Open an index for reading its documents; it may be changed meanwhile.

    Yields
    ------
    int, iterator of bytes
        Number of documents, and a line of JSON in UTF-8 for each, in the order of the index, with
        ``_id``, ``title``, ``text`` and, if it has any, ``metadata``.

    Raises
    ------
    SearchIndexError
        If there is no index, or one of its files is damaged.

    Examples
    --------
    >>> with open_json_lines(example_index) as (documents, lines):
    ...     documents, min(lines)[:16]
    (3, b'{"_id": "bread",')
    """
    folder = check_path(index, "index")
    with closing(Segments.open(folder, read_manifest(folder))) as segments:
        yield int(np.count_nonzero(segments.live_docs)), _read_lines(segments)


def write_documents(lines: Iterable[bytes], file: Path) -> None:
    """Write lines to a new file in one step; it is gzipped if its name ends in ``.gz``.

    Raises
    ------
    CorpusTunerError
        If there is a file of that name, or it cannot be written.

    Examples
    --------
    >>> with open_json_lines(example_index) as (documents, lines):
    ...     write_documents(lines, example_index.parent / "exported.jsonl")
    >>> len((example_index.parent / "exported.jsonl").read_text().splitlines())
    3
    """
    if file.exists():
        raise SearchIndexError(f"{file} is there already: give another name")
    create_folder(file.parent)
    with write_atomically(file) as opened:
        if file.suffix == ".gz":
            # Without a name and a time in it, the same documents give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=opened, mtime=0) as inner:
                inner.writelines(lines)
        else:
            opened.writelines(lines)


def _read_lines(segments: Segments) -> Iterator[bytes]:
    live_docs = np.flatnonzero(segments.live_docs)
    for start in range(0, len(live_docs), _AT_ONCE):
        for document in segments.read_documents(live_docs[start : start + _AT_ONCE]):
            record = {"_id": document.id, "title": document.title, "text": document.text}
            metadata = {"metadata": dict(document.metadata)} if document.metadata else {}
            yield f"{json.dumps({**record, **metadata}, ensure_ascii=False)}\n".encode()
