"""Documents that a program has in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.records import BadRecord, Record, kind_of
from corpus_tuner.indexes.arguments import shown
from corpus_tuner.indexes.store.documents import Document

Documents = Iterable[Document | Mapping[str, Any]]
"""Documents, or records with the fields of one."""


def documents_of(source: object) -> Collection[Document | Mapping[str, Any]]:
    """Return documents that can be read again and again.

    Raises
    ------
    CorpusTunerError
        If they are none, or a single one.
    """
    if isinstance(source, Document | Mapping) or not isinstance(source, Iterable):
        raise CorpusTunerError(
            f"source: give a path, or a list of documents or dictionaries, not {shown(source)}"
        )
    return source if isinstance(source, Collection) else [*source]


def read(documents: Collection[Document | Mapping[str, Any]]) -> Iterator[Record | BadRecord]:
    """Yield the documents as records; they stand at ``document 1`` and so on."""
    for number, document in enumerate(documents, start=1):
        where = f"document {number}"
        if isinstance(document, Document):
            fields = {"_id": document.id, "title": document.title, "text": document.text}
            yield Record(where, {**fields, "metadata": dict(document.metadata)})
        elif isinstance(document, Mapping):
            yield Record(where, dict(document))
        else:
            yield BadRecord(where, "", "no document", kind_of(document))
