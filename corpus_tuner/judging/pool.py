"""Pools: the first documents of several systems for each query."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice
from math import log2
from pathlib import Path

from corpus_tuner.calibration.pseudo_queries import sample_sentences
from corpus_tuner.core.progress import track
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.runs import Run, break_ties, read_run
from corpus_tuner.indexes.qdrant.address import is_address
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode

DEPTH = 10
"""Rank down to which the documents of every system are judged."""
_MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


def run_systems(
    searcher: Searcher,
    queries: Mapping[str, str],
    others: Sequence[str] = (),
    trust_remote_code: bool = False,
) -> dict[str, Run]:
    """Return the first `DEPTH` documents of all systems for every query.

    Parameters
    ----------
    searcher
        Open index, of which hybrid, dense and lexical search are systems.
    queries
        Texts by id.
    others
        Further systems, ``[NAME=]PATH``: TREC run files, and indexes.
    trust_remote_code
        Run Python code that models of other indexes contain.

    Raises
    ------
    CorpusTunerError
        If another system cannot be read, has no name of its own, or none of the queries.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> runs = run_systems(ct.Searcher.open(example_index), {"q1": "the old water mill"})
    >>> list(runs), runs["lexical"]["q1"][0][0]
    (['hybrid', 'dense', 'lexical'], 'mill')
    """
    modes = _MODES if searcher.manifest.lexical else ("dense",)
    named: dict[str, Run] = {mode: _rank(searcher, queries, mode) for mode in modes}
    for other in others:
        given, _, path = other.rpartition("=")
        name = given or Path(path).stem
        if name in named:
            raise EvaluationError(f"two systems are called {name!r}: give one a name, NAME={path}")
        if is_address(path) or Path(path).is_dir():
            with Searcher.open(path, trust_remote_code=trust_remote_code) as opened:
                named[name] = _rank(opened, queries, None, name)
        else:
            run = read_run(Path(path))
            named[name] = {query: run[query][:DEPTH] for query in queries if query in run}
            if queries and not named[name]:
                raise EvaluationError(f"{path} has none of the queries: compare their ids")
    return named


def _rank(searcher: Searcher, queries: Mapping[str, str], mode: Mode | None, name: str = "") -> Run:
    texts = list(queries.values())
    rankings = searcher.rank(texts, DEPTH, mode=mode) if texts else iter(())
    shown = track(rankings, f"searching ({name or mode})", lambda: len(texts), unit="queries")
    return {query: break_ties(ranking) for query, ranking in zip(queries, shown, strict=True)}


def make_pool(runs: Mapping[str, Run], query: str) -> dict[str, float]:
    """Return the documents of all systems for a query, and by how much each tells systems apart.

    That is the difference between its largest and its smallest discount, as in nDCG, in the
    rankings of the systems: 0 for a document that all of them rank alike (as in Carterette, Allan
    and Sitaraman, "Minimal test collections for retrieval evaluation", SIGIR 2006).

    Examples
    --------
    >>> runs = {"a": {"q": [("x", 2.0), ("y", 1.0)]}, "b": {"q": [("x", 2.0)]}}
    >>> make_pool(runs, "q")
    {'x': 0.0, 'y': 0.6309297535714575}
    """
    discounts = [
        {document: 1 / log2(rank) for rank, (document, _) in enumerate(run.get(query, ()), 2)}
        for run in runs.values()
    ]
    documents = sorted({document for found in discounts for document in found})
    return {
        document: max(found.get(document, 0.0) for found in discounts)
        - min(found.get(document, 0.0) for found in discounts)
        for document in documents
    }


def propose_queries(searcher: Searcher, count: int = 40) -> list[str]:
    """Propose queries of documents for somebody to edit.

    They are generated questions where a document has one, else titles and beginnings of sentences
    in turn. An index in Qdrant has none to propose.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> sorted(propose_queries(ct.Searcher.open(example_index), 2))
    ['Bread', 'The old water mill grinds wheat.']
    """
    if is_address(str(searcher.source)):
        return []
    proposed: dict[str, None] = {}
    for number, sampled in enumerate(islice(sample_sentences(searcher, 2 * count, 0), 2 * count)):
        found = searcher.read_document(sampled.rest.id)
        questions = [view.text for view in found[1] if view.kind == "question"] if found else []
        title = found[0].title if found and number % 2 == 0 else ""
        query = (questions or [title or sampled.queries[0]])[0]
        proposed[" ".join(query.split())] = None
    return list(proposed)[:count]


def name_query(text: str) -> str:
    """Return the id of a query that has none in a file."""
    return f"q{hashlib.sha256(text.encode()).hexdigest()[:8]}"
