"""What was written for a document and rejected, from the ledger of its index."""

from contextlib import closing
from pathlib import Path

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.ledger import Ledger, Rejection, make_ledger_key
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.indexes.store.manifest import Manifest


def find_rejections(ledger: Path, manifest: Manifest, document: Document) -> list[Rejection]:
    """Return what was written for a document and rejected, with the check and its reason.

    Parameters
    ----------
    ledger
        Ledger that the index was built with; where there is none, nothing is known.
    manifest
        Manifest of the index, which names its generators, their instructions and its checks.
    document
        The document.

    Raises
    ------
    CorpusTunerError
        If the ledger cannot be read.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     document, _ = searcher.read_document("mill")
    ...     find_rejections(example_index / "ledger.sqlite", searcher.manifest, document)
    []
    """
    if not ledger.is_file():
        return []
    keys = [
        make_ledger_key(document, Instruction(*instruction), generator)
        for generator, *instruction in manifest.build.instructions
    ]
    with closing(Ledger(ledger, read_only=True)) as opened:
        return opened.rejections(keys, manifest.build.checks)
