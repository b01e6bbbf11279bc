"""What was written for a document and rejected, from the ledger of its index."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from corpus_tuner.core.documents import Document, View
from corpus_tuner.generation.ledger import Ledger, Rejection, make_ledger_key
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.indexes.store.manifest import Manifest


def find_rejections(
    ledger: Path, manifest: Manifest, document: Document, views: Sequence[View] = ()
) -> list[Rejection]:
    """Return what was written for a document and rejected, with the check and its reason.

    Parameters
    ----------
    ledger
        Ledger that the index was built with; where there is none, nothing is known.
    manifest
        Manifest of the index, which names its generators, their instructions and its checks.
    document
        The document.
    views
        Its views, for what was written about its passages.

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
    passages = [view.text for view in views if view.kind == "passage"]
    keys = [
        make_ledger_key(source, Instruction(*instruction), generator)
        for generator, *instruction in manifest.build.instructions
        for source in Instruction(*instruction).list_sources(document, passages)
    ]
    with closing(Ledger(ledger, read_only=True)) as opened:
        return opened.rejections(keys, manifest.build.checks)
