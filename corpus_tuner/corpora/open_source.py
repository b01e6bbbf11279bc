"""Open the source of a corpus: documents in memory, or what a name stands for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from corpus_tuner.core.arguments import describe_value
from corpus_tuner.core.documents import Document
from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import BadRecord, Record, name_json_type, open_bytes
from corpus_tuner.corpora import datasets, folder
from corpus_tuner.corpora.field_mapping import Draft, make_text_record
from corpus_tuner.corpora.folder_files import FileToRead, make_file, walk_folder
from corpus_tuner.corpora.formats import list_suffixes
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.record_files import (
    JSON_LINES,
    SUFFIXES,
    TABLES,
    Source,
    find_suffix,
    open_records,
)
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

Documents = Iterable[Document | Mapping[str, Any] | str]
"""Documents, records with the fields of one, or texts."""

_KINDS = (
    "a folder with corpus.jsonl (BEIR), a .jsonl, .json, .csv or .tsv file (each may end in .gz), "
    "a .xlsx or .parquet file, a folder of documents (text, Markdown, HTML, PDF and others) or one "
    "of them, ir_datasets:ID or hf:NAME"
)


def open_source(source: str, settings: CorpusSettings, cache: ParseCache | None = None) -> Source:
    """Open the source of a name; files of a folder that are in the cache are not parsed again.

    Raises
    ------
    CorpusTunerError
        If it does not exist, is of no known kind, or needs an extra that is missing; when it is
        read, if it is damaged.
    """
    if source.startswith("ir_datasets:"):
        name = source.removeprefix("ir_datasets:")
        return Source(partial(datasets.read_ir_datasets, name), ids="first")
    if source.startswith("hf:"):
        name = source.removeprefix("hf:")
        return Source(partial(datasets.read_hugging_face, name, settings.split), ids="first")
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, settings, cache)
    if not path.is_file():
        if path.exists():
            raise CorpusTunerError(
                f"{source} is a pipe or device, and a corpus is read more than once: write it to a "
                "file first"
            )
        raise CorpusTunerError(f"there is no corpus at {source}: give {_KINDS}")
    file = make_file(path, settings)
    if file.suffix in SUFFIXES:
        return open_records(path, settings, file.suffix)
    if file.suffix:
        folder.check_readers([file], settings)
        return Source(partial(folder.read_files, path.parent, [file], settings, cache))
    with open_text(path, settings.encoding) as text:
        start = text.read(4096).lstrip()
    if start.startswith(("{", "[")):
        return open_records(path, settings, ".json")
    raise CorpusTunerError(f"{path} is of no known kind: give {_KINDS}")


def open_documents(documents: Documents, settings: CorpusSettings) -> tuple[Source, int]:
    """Return the source of documents in memory, and their number; an iterator is consumed.

    Raises
    ------
    CorpusTunerError
        If it is no collection of documents.
    """
    if isinstance(documents, Document | Mapping) or not isinstance(documents, Iterable):
        raise CorpusTunerError(
            "source: give a path, or a list of documents, dictionaries or texts, not "
            f"{describe_value(documents)}"
        )
    collection = documents if isinstance(documents, Collection) else [*documents]
    return Source(partial(_read_documents, collection, settings)), len(collection)


def count_records(source: str, settings: CorpusSettings) -> int | None:
    """Return about how many records a source on disk has; `None` if only reading tells."""
    path = Path(source)
    if path.is_dir():
        inner = _find_beir_file(path)
        if inner is None:
            return sum(isinstance(file, FileToRead) for file in walk_folder(path, settings))
        path = inner
    if find_suffix(path.name) not in (*TABLES, *JSON_LINES) or not path.is_file():
        return None
    with open_bytes(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _find_beir_file(path: Path) -> Path | None:
    files = (path / "corpus.jsonl", path / "corpus.jsonl.gz")
    return next((file for file in files if file.is_file()), None)


def _open_folder(path: Path, settings: CorpusSettings, cache: ParseCache | None) -> Source:
    if inner := _find_beir_file(path):
        return open_records(inner, settings, ".jsonl")
    if not folder.check_readers(walk_folder(path, settings), settings):
        known = ", ".join(sorted({*list_suffixes(), *SUFFIXES}))
        patterns = " that the patterns let through" if settings.include or settings.exclude else ""
        raise CorpusTunerError(
            f"{path} has neither a corpus.jsonl nor files{patterns} of a kind that can be read "
            f"({known}); others can be read as text if corpus.as_text names their suffixes"
        )
    return Source(partial(folder.read, path, settings, cache), skips=True)


def _read_documents(
    documents: Collection[Document | Mapping[str, Any] | str], settings: CorpusSettings
) -> Iterator[Record | Draft | BadRecord]:
    """Yield documents with their positions, ``document 1`` and so on."""
    for number, document in enumerate(documents, start=1):
        location = f"document {number}"
        if isinstance(document, Document):
            metadata = dict(document.metadata)
            yield Draft(location, document.id, document.title, document.text, metadata)
        elif isinstance(document, Mapping):
            yield Record(location, dict(document))
        elif isinstance(document, str):
            yield make_text_record(location, document, settings)
        else:
            yield BadRecord(location, "", "no document", name_json_type(document))
