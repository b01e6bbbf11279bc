"""Changes of an index that is served."""

from pathlib import Path
from typing import Any

from corpus_tuner.building.add import Adder
from corpus_tuner.building.diff import Changes
from corpus_tuner.indexes.store.soft_delete import delete_documents


class IndexWriter:
    """Incremental indexing; the first addition opens the models, which stay open.

    Segments are not merged and weights are not calibrated, since both take long: run
    ``corpus-tuner index merge`` and ``index calibrate`` now and then.

    Parameters
    ----------
    index, ledger, trust_remote_code
        See `corpus_tuner.add`.
    """

    def __init__(self, index: Path, ledger: Path | None, trust_remote_code: bool) -> None:
        self._index = index
        self._adder = Adder(index, ledger=ledger, trust_remote_code=trust_remote_code)

    def add(self, documents: list[dict[str, Any]]) -> Changes:
        """Add documents, which replace those with the same ids.

        Raises
        ------
        ValueError
            If the index or the documents cannot be used.
        """
        return self._adder.add(documents).changes

    def remove(self, id: str) -> Changes:
        """Remove a document, if there is one with this id."""
        return Changes(removed=delete_documents(self._index, [id]).matching)
