"""What changes an index that is served."""

from pathlib import Path
from typing import Any

from corpus_tuner.building.add import Adder
from corpus_tuner.indexes.store.soft_delete import remove
from corpus_tuner.server.schemas import ChangedAnswer


class IndexWriter:
    """Adds and removes documents; models are opened by the first addition and stay open.

    Nothing is merged and no weights are chosen meanwhile, since both take long: run ``corpus-tuner
    merge`` and ``calibrate`` now and then.

    Parameters
    ----------
    index, ledger, trust_remote_code
        As `corpus_tuner.add` takes them.
    """

    def __init__(self, index: Path, ledger: Path | None, trust_remote_code: bool) -> None:
        self._index = index
        self._adder = Adder(index, ledger=ledger, trust_remote_code=trust_remote_code)

    def add(self, documents: list[dict[str, Any]]) -> ChangedAnswer:
        """Add documents; those of the same id are replaced."""
        return ChangedAnswer(**self._adder.add(documents).changes.model_dump())

    def remove(self, id: str) -> ChangedAnswer:
        """Remove a document, if there is one of this id."""
        return ChangedAnswer(removed=remove(self._index, [id]).matching)
