"""What all retrievers give for a hit: the document, or the passage that the query is about."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.searcher import Searcher

Give = Literal["documents", "passages"]
NAMESPACE = "corpus_tuner"
"""The key of metadata under which a hit is described."""


def searcher_of(index: Searcher | str | Path) -> Searcher:
    """Return an open index; a folder or an address is opened.

    Raises
    ------
    SearchIndexError
        As `Searcher.open` does.
    """
    return index if isinstance(index, Searcher) else Searcher.open(index)


class Given(NamedTuple):
    """A hit as other libraries have it.

    Attributes
    ----------
    id
        Of the document; of a passage also where it stands, as RFC 5147 writes it, since one
        document has different passages for different queries.
    text
        Of the document, or the passage.
    metadata
        The document's own as it is, and the hit under `NAMESPACE`: the document's ``id`` and
        ``title``, the hit's ``score``, ``probability`` and ``rank``, the ``kind`` and text of the
        view that ``matched``, and ``start`` and ``end`` of the passage in the document's text. A
        document that has this key itself keeps its own value. Where the text has pages,
        ``page_label`` is the number of the page, slide or chapter of the passage, as text.
    """

    id: str
    text: str
    metadata: dict[str, Any]


def given(hit: Hit, give: Give) -> Given:
    """Return a hit as a whole document or as a passage."""
    document, (text, start, end, page) = hit.document, hit.passage
    described = {
        "id": document.id,
        "title": document.title,
        "score": hit.score,
        "probability": hit.probability,
        "rank": hit.rank,
        "kind": hit.view.kind,
        "matched": hit.view.text,
        "start": start,
        "end": end,
    }
    label = {} if page is None else {"page_label": str(page)}
    metadata = {NAMESPACE: described, **label, **document.metadata}
    if give == "documents":
        return Given(document.id, document.text, metadata)
    return Given(f"{document.id}#char={start},{end}", text, metadata)
