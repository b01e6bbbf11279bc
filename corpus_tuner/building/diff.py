"""What is new in a corpus, compared with its index, by the digests of documents."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.indexes.store.live_docs import LiveDocs
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors import Ordinals


class Changes(BaseModel):
    """How many documents differ.

    Attributes
    ----------
    added, changed, removed, kept
        Those that the index does not have, has with other contents, has and the corpus has not,
        and has as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0

    @property
    def total(self) -> int:
        """How many documents must be written or hidden."""
        return self.added + self.changed + self.removed


class Comparison:
    """Compares documents, chunk by chunk, with those of an index.

    Parameters
    ----------
    segments
        Of the index; ``None`` where there is none.
    whole
        Whether the documents are all that the index is to have. Else those that do not come up are
        kept.
    """

    def __init__(self, segments: Segments | None, *, whole: bool = True) -> None:
        self._segments = segments
        self._whole = whole
        live_docs: LiveDocs = segments.live_docs if segments else np.zeros(0, bool)
        self._live_docs = live_docs
        self._kept = np.zeros(len(live_docs), bool)
        self._changed = np.zeros(len(live_docs), bool)
        self._added = 0

    def new(self, documents: Sequence[Document]) -> list[Document]:
        """Return those of some documents that the index does not have as they are."""
        known = (
            self._segments.find_ids(document.id for document in documents) if self._segments else {}
        )
        new = []
        for document in documents:
            ordinal, digest = known.get(document.id, (-1, ""))
            if ordinal >= 0 and digest == compute_digest(document):
                self._kept[ordinal] = True
                continue
            new.append(document)
            if ordinal >= 0:
                self._changed[ordinal] = True
            else:
                self._added += 1
        return new

    @property
    def gone(self) -> Ordinals:
        """The documents that the index must hide, in ascending order."""
        return np.flatnonzero(self._live_docs & ~self._kept if self._whole else self._changed)

    @property
    def changes(self) -> Changes:
        """How many documents differ."""
        changed = int(self._changed.sum())
        removed = len(self.gone) - changed
        kept = int(self._live_docs.sum()) - changed - removed
        return Changes(added=self._added, changed=changed, removed=removed, kept=kept)
