"""Benchmarks of the ir_datasets catalogue (extra ``ir-datasets``)."""

import logging

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Benchmark, Qrels


def load_catalogue_benchmark(id_: str, *, name: str = "") -> Benchmark:
    """Read the queries and judgments of a dataset of ir_datasets (extra ``ir-datasets``).

    Parameters
    ----------
    id_
        As the catalogue has it.
    name
        Of the benchmark; by default made from the id.

    Raises
    ------
    EvaluationError
        If the library is missing, or the dataset is unknown, cannot be fetched or has no judgments.
    """
    try:
        import ir_datasets
    except ImportError:
        raise EvaluationError(
            describe_missing_extra(f"the benchmark ir_datasets:{id_}", "ir-datasets")
        ) from None
    # It logs every try; what went wrong is the error.
    ir_datasets.log.easy().logger().setLevel(logging.CRITICAL)
    try:
        dataset = ir_datasets.load(id_)
        qrels: Qrels = {}
        for judgment in dataset.qrels_iter():
            qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.relevance
        queries: dict[str, str] = {}
        unjudged: list[str] = []
        for query in dataset.queries_iter():
            if query.query_id in qrels:
                queries[query.query_id] = query.default_text()
            else:
                unjudged.append(query.query_id)
    except (KeyError, AttributeError) as error:
        raise EvaluationError(f"ir_datasets has no queries and judgments for {id_!r}") from error
    except (OSError, RuntimeError) as error:
        raise EvaluationError(f"ir_datasets cannot read {id_!r}: {error}") from error
    return Benchmark(
        name or id_.replace("/", "-"),
        f"ir_datasets:{id_}",
        queries,
        {query: grades for query, grades in qrels.items() if query in queries},
        unjudged=tuple(unjudged),
    )
