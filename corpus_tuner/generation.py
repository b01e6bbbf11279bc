"""Let a generator write views, but never the same ones twice."""

from collections.abc import Sequence

from corpus_tuner.generators import Generator, Written
from corpus_tuner.instructions import Instruction
from corpus_tuner.ledger import Ledger, ledger_key
from indexes.documents import Document, View


def write_views(
    documents: Sequence[Document], instruction: Instruction, generator: Generator, ledger: Ledger
) -> list[Written]:
    """Return what `generator` writes for each document: from the ledger, or else into it."""
    keys = [ledger_key(document, instruction, generator.identity) for document in documents]
    known = ledger.get(keys)
    missing = {key: each for key, each in zip(keys, documents, strict=True) if key not in known}
    if missing:
        written = generator.generate(list(missing.values()), instruction)
        new = dict(zip(missing, written, strict=True))
        ledger.put(new, instruction.kind, generator.identity)
        known |= new
    return [known[key] for key in keys]


def as_views(
    document: Document, instruction: Instruction, generator: Generator, written: Written
) -> list[View]:
    """Return what was written for a document as views of it."""
    return [
        View(document.id, instruction.kind, text, generator.identity, score)
        for text, score in zip(written.texts, written.scores, strict=True)
    ]
