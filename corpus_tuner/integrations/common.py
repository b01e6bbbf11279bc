"""Conversion of hits for other libraries: whole documents, or the passages that match a query."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.searcher import Searcher

Unit = Literal["documents", "passages"]
"""Unit of retrieval."""
NAMESPACE = "corpus_tuner"
"""Key of the metadata under which a hit is described."""


def open_searcher(index: Searcher | str | Path) -> Searcher:
    """Return an open index; a folder or an address is opened.

    Raises
    ------
    SearchIndexError
        See `Searcher.open`.
    """
    return index if isinstance(index, Searcher) else Searcher.open(index)


class RetrievedText(NamedTuple):
    """A retrieved document or passage, as other libraries represent it.

    Attributes
    ----------
    id
        Id of the document; of a passage with its position, as RFC 5147 writes it, since different
        queries find different passages of a document.
    text
        Text of the document or the passage.
    metadata
        Metadata of the document, and the hit under `NAMESPACE`: the document's ``id`` and
        ``title``, the hit's ``score``, ``probability`` and ``rank``, the ``kind`` and text of the
        view that ``matched``, ``start`` and ``end`` of the passage in the document's text and the
        list of its ``headings``, and the ids of ``similar`` documents that were folded into the
        hit. A document that has this key itself keeps its own value. Where the text has pages,
        ``page_label`` is the number of the page, slide or chapter of the passage, as text.
    """

    id: str
    text: str
    metadata: dict[str, Any]


def convert_hit(hit: Hit, unit: Unit) -> RetrievedText:
    """Return a hit as a whole document or as a passage."""
    document, passage = hit.document, hit.passage
    description = {
        "id": document.id,
        "title": document.title,
        "score": hit.score,
        "probability": hit.probability,
        "rank": hit.rank,
        "kind": hit.view.kind,
        "matched": hit.view.text,
        "start": passage.start,
        "end": passage.end,
        "headings": list(passage.headings),
        "similar": list(hit.similar),
    }
    label = {} if passage.page is None else {"page_label": str(passage.page)}
    metadata = {NAMESPACE: description, **label, **document.metadata}
    if unit == "documents":
        return RetrievedText(document.id, document.text, metadata)
    id_ = f"{document.id}#char={passage.start},{passage.end}"
    return RetrievedText(id_, passage.text, metadata)
