"""Documents that a program has in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from corpus_tuner.core.arguments import describe_value
from corpus_tuner.core.documents import Document
from corpus_tuner.core.records import BadRecord, Record, name_json_type
from corpus_tuner.corpora.field_mapping import Draft, text_record
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

Documents = Iterable[Document | Mapping[str, Any] | str]
"""Documents, records with the fields of one, or texts."""


def documents_of(source: object) -> Collection[Document | Mapping[str, Any] | str]:
    """Return documents that can be read again and again.

    Raises
    ------
    CorpusTunerError
        If they are none, or a single one.
    """
    if isinstance(source, Document | Mapping) or not isinstance(source, Iterable):
        raise CorpusTunerError(
            "source: give a path, or a list of documents, dictionaries or texts, not "
            f"{describe_value(source)}"
        )
    return source if isinstance(source, Collection) else [*source]


def read(
    documents: Collection[Document | Mapping[str, Any] | str], settings: CorpusSettings
) -> Iterator[Record | Draft | BadRecord]:
    """Yield the documents with their positions, ``document 1`` and so on."""
    for number, document in enumerate(documents, start=1):
        where = f"document {number}"
        if isinstance(document, Document):
            metadata = dict(document.metadata)
            yield Draft(where, document.id, document.title, document.text, metadata)
        elif isinstance(document, Mapping):
            yield Record(where, dict(document))
        elif isinstance(document, str):
            yield text_record(where, document, settings)
        else:
            yield BadRecord(where, "", "no document", name_json_type(document))
