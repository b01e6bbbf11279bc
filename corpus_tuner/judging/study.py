"""A study: queries, pools and grades of several systems, as one judge sees them."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from pydantic import BaseModel

from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.judging.pool import DEPTH, make_pool
from corpus_tuner.judging.store import Judgments

_PAUSE = 300.0  # seconds between two grades that are a pause
_BEGINNING = 1_000  # characters of a document that no ranker found a passage of


class Item(BaseModel):
    """A document to grade for a query: nothing in it tells which system found it."""

    query: str
    query_text: str
    document: str
    title: str
    headings: tuple[str, ...]
    passage: str
    note: str = ""


class Progress(BaseModel):
    """Numbers of documents and queries that the judge has graded, and minutes left."""

    judge: str
    graded: int
    documents: int
    queries_done: int
    queries: int
    minutes_left: int | None


class Study:
    """Pools of queries, the grades of all judges, and the next document of one of them.

    Parameters
    ----------
    searcher
        Open index, which has the documents.
    judgments
        Database of grades.
    judge
        Name of the judge.
    queries
        Texts by id.
    runs
        Rankings of all systems.
    in_random_order
        Whether queries come in a random order, as a model's grades need (`estimate_mean`), and not
        those first that tell systems apart most.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> from corpus_tuner.judging.pool import run_systems
    >>> searcher, queries = ct.Searcher.open(example_index), {"q1": "the old water mill"}
    >>> judgments = Judgments(example_benchmark / "study.sqlite")
    >>> study = Study(searcher, judgments, "ann", queries, run_systems(searcher, queries))
    >>> while item := study.find_next():
    ...     judgments.add_grade("ann", "q1", item.document, 3 * (item.document == "mill"))
    >>> study.count_progress().queries_done
    1
    """

    def __init__(
        self,
        searcher: Searcher,
        judgments: Judgments,
        judge: str,
        queries: Mapping[str, str],
        runs: Mapping[str, Run],
        in_random_order: bool = False,
    ) -> None:
        self.searcher = searcher
        self.judgments = judgments
        self.judge = judge
        self.queries = queries
        self.runs = runs
        self._in_random_order = in_random_order
        pooled = {query: make_pool(runs, query) for query in queries}
        every = {document for pool in pooled.values() for document in pool}
        self.missing = {document for document in every if searcher.get(document) is None}
        self.pools = {
            query: {document: pool[document] for document in pool.keys() - self.missing}
            for query, pool in pooled.items()
        }
        self.random_order = sorted(queries, key=lambda query: _hash("order", query))
        self._items: tuple[str, dict[str, Item]] = ("", {})

    def find_next(self) -> Item | None:
        """Return a document that the judge has not graded; ``None`` if all are graded.

        A query is finished before the next one begins. Its documents are in random order.
        """
        graded = self.read_graded(self.judge)
        open_ = {
            query: self.pools[query].keys() - graded.get(query, {}).keys()
            for query in self.random_order
        }
        waiting = [query for query in self.random_order if open_[query]]
        if not waiting:
            return None
        if not self._in_random_order:
            waiting.sort(key=lambda one: -sum(self.pools[one][document] for document in open_[one]))
        query = next((one for one in waiting if self._has_begun(one, graded)), waiting[0])
        document = min(open_[query], key=lambda one: _hash(self.judge, query, one))
        return self.show(query, document)

    def _has_begun(self, query: str, graded: Qrels) -> bool:
        return not self.pools[query].keys().isdisjoint(graded.get(query, {}))

    def show(self, query: str, document: str, note: str = "") -> Item:
        """Return a document as it is shown to a judge."""
        return self.list_items(query)[document].model_copy(update={"note": note})

    def list_items(self, query: str) -> dict[str, Item]:
        """Return all documents of a pool; their passages are those of the index's own search."""
        if self._items[0] != query:
            text, ids = self.queries[query], [*self.pools[query]]
            hits = self.searcher.search(text, len(ids), filter={"id": ids}, collapse=False)
            passages = {hit.document.id: hit.passage for hit in hits}
            items = {}
            for id_ in ids:
                found, passage = self.searcher.get(id_), passages.get(id_)
                assert found is not None  # missing documents are not in the pool
                items[id_] = Item(
                    query=query,
                    query_text=text,
                    document=id_,
                    title=found.title,
                    headings=passage.headings if passage else (),
                    passage=passage.text if passage else found.text[:_BEGINNING],
                )
            self._items = query, items
        return self._items[1]

    def count_progress(self) -> Progress:
        """Return how much the judge has graded, and how long the rest takes at the same speed."""
        graded = self.read_graded(self.judge)
        times = [own.seconds for own in self.judgments.read_grades() if own.judge == self.judge]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        usual = [gap for gap in gaps if gap < _PAUSE]
        documents = sum(map(len, self.pools.values()))
        done = sum(len(pool.keys() & graded.get(q, {})) for q, pool in self.pools.items())
        return Progress(
            judge=self.judge,
            graded=done,
            documents=documents,
            queries_done=len(self.list_complete(graded)),
            queries=len(self.queries),
            minutes_left=round(median(usual) * (documents - done) / 60 + 0.5) if usual else None,
        )

    def compare(
        self, query: str, systems: Sequence[str]
    ) -> dict[str, list[tuple[str, str]]] | None:
        """Return ids and titles of systems' rankings; ``None`` before the query is judged."""
        if query not in self.list_complete(self.read_graded(self.judge)):
            return None
        rankings = {}
        for name in systems:
            ids = [document for document, _ in self.runs[name].get(query, ())[:DEPTH]]
            items = self.list_items(query)
            rankings[name] = [(id_, items[id_].title if id_ in items else "") for id_ in ids]
        return rankings

    def read_graded(self, judge: str) -> Qrels:
        """Return the grades of a judge."""
        graded: Qrels = {}
        for own in self.judgments.read_grades():
            if own.judge == judge:
                graded.setdefault(own.query, {})[own.document] = own.grade
        return graded

    def list_complete(self, qrels: Qrels) -> list[str]:
        """Return the queries of which all documents in the pool have a grade."""
        return [
            query
            for query, pool in self.pools.items()
            if pool and pool.keys() <= qrels.get(query, {}).keys()
        ]


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
