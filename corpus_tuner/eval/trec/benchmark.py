"""A test collection without its documents: queries and their judgments (qrels)."""

from dataclasses import dataclass

Qrels = dict[str, dict[str, int]]
"""For every query id, the grade of every judged document id; above 0 is relevant."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test collection without its documents.

    Attributes
    ----------
    name
        Short; used in file names.
    corpus
        Where the documents are, as a corpus reader takes it; empty where only an index has them.
    queries
        The judged queries: id to text.
    qrels
        Their judgments.
    remove_self
        Whether a query is itself a document, of the same id, which is not to be found by it.
    unjudged
        Ids of the queries that have no judgments, and are not used.
    """

    name: str
    corpus: str
    queries: dict[str, str]
    qrels: Qrels
    remove_self: bool = False
    unjudged: tuple[str, ...] = ()
