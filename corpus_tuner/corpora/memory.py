"""Documents that a program has in memory."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from corpus_tuner.eval.records import BadRecord, Record, kind_of
from corpus_tuner.indexes.store.documents import Document

Documents = Collection[Document | Mapping[str, Any]]
"""Documents, or records with the fields of one."""


def read(documents: Documents) -> Iterator[Record | BadRecord]:
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
