"""Queries and qrels of a test collection."""

from dataclasses import dataclass

from corpus_tuner.core.records import BadRecord

Qrels = dict[str, dict[str, int]]
"""Grades of judged documents by query id and document id; grades above 0 are relevant."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Queries and qrels of a test collection, with the source of its corpus.

    Attributes
    ----------
    name
        Short name, used in file names.
    corpus
        Source of the documents, as `corpus_tuner.build` takes it; empty where only an index has
        them.
    queries
        Texts of the judged queries, by id.
    qrels
        Judgments.
    remove_self
        Whether each query is a document of the same id, which is removed from its ranking.
    unjudged
        Ids of queries without judgments, which are not used.
    rejected
        Bad records of queries and judgments, which are left out.
    """

    name: str
    corpus: str
    queries: dict[str, str]
    qrels: Qrels
    remove_self: bool = False
    unjudged: tuple[str, ...] = ()
    rejected: tuple[BadRecord, ...] = ()
