"""What was written for a document and rejected, from the ledger of its index."""

from contextlib import closing
from pathlib import Path

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.ledger import Ledger, Rejection, make_ledger_key
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.indexes.store.manifest import Manifest


class RejectedViews:
    """Looks up what checks said of a document's generated views.

    Parameters
    ----------
    ledger
        The file of the ledger that the index was built with; where there is none, nothing is known.
    manifest
        Manifest of the index, which names its generators, their instructions and its checks.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     document, _ = searcher.read_document("mill")
    ...     RejectedViews(example_index / "ledger.sqlite", searcher.manifest).rejected(document)
    []
    """

    def __init__(self, ledger: Path, manifest: Manifest) -> None:
        self._ledger = ledger
        self._checks = manifest.build.checks
        self._instructions = [
            (generator, Instruction(*instruction))
            for generator, *instruction in manifest.build.instructions
        ]

    def rejected(self, document: Document) -> list[Rejection]:
        """Return what was written for a document and rejected, with the check and its reason.

        Raises
        ------
        CorpusTunerError
            If the ledger cannot be read.
        """
        if not self._ledger.is_file():
            return []
        keys = [
            make_ledger_key(document, instruction, generator)
            for generator, instruction in self._instructions
        ]
        with closing(Ledger(self._ledger, read_only=True)) as ledger:
            return ledger.rejections(keys, self._checks)
