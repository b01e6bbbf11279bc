"""What was written for a document and rejected: told from the ledger of its index."""

from contextlib import closing, suppress
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.instructions import KINDS, load_instructions
from corpus_tuner.ledger import Ledger, Rejection, ledger_key


class History:
    """Looks up what checks said of a document's generated views.

    Parameters
    ----------
    ledger
        The file of the ledger that the index was built with; where there is none, nothing is told.
    manifest
        Of the index: it names its generators and its instructions.
    """

    def __init__(self, ledger: Path, manifest: Manifest) -> None:
        self._ledger = ledger
        self._generators: list[str] = manifest.build.get("generators", [])
        own = manifest.build.get("settings", {}).get("instructions")
        language = str(manifest.build.get("language", "en"))
        self._instructions = []
        for kind in KINDS:
            with suppress(CorpusTunerError):  # a file of the user's need not have all kinds
                self._instructions += load_instructions(
                    (kind,), language, Path(own) if own else None
                )

    def rejected(self, document: Document) -> list[Rejection]:
        """Return what was written for a document and rejected, with the check and its reason."""
        if not self._ledger.is_file():
            return []
        keys = [
            ledger_key(document, instruction, generator)
            for generator in self._generators
            for instruction in self._instructions
        ]
        with closing(Ledger(self._ledger, read_only=True)) as ledger:
            return ledger.rejections(keys)
