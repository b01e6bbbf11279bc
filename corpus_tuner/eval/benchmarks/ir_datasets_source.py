"""Benchmarks of the ir_datasets catalogue (extra ``ir-datasets``)."""

import logging
from urllib.parse import urlsplit

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.errors import EvaluationError, OutOfReachError
from corpus_tuner.eval.trec.benchmark import Benchmark, Qrels


def load_ir_dataset(id_: str, *, name: str = "") -> Benchmark:
    """Read queries and judgments of a dataset; ir_datasets fetches and caches it.

    Raises
    ------
    EvaluationError
        If the library is missing, or the dataset is unknown, cannot be read or has no judgments.
    OutOfReachError
        If the dataset is not cached and its server does not answer.
    """
    try:
        import ir_datasets
        import requests
    except ImportError:
        raise EvaluationError(
            describe_missing_extra(f"the benchmark ir_datasets:{id_}", "ir-datasets")
        ) from None
    ir_datasets.log.easy().logger().setLevel(logging.CRITICAL)  # it logs every attempt
    try:
        dataset = ir_datasets.load(id_)
        qrels: Qrels = {}
        for judgment in dataset.qrels_iter():
            qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.relevance
        queries = {query.query_id: query.default_text() for query in dataset.queries_iter()}
    except (KeyError, AttributeError) as error:
        raise EvaluationError(f"ir_datasets has no queries and judgments for {id_!r}") from error
    except requests.exceptions.ConnectionError as error:
        host = urlsplit(str(error.request.url)).hostname if error.request else "its server"
        raise OutOfReachError(f"ir_datasets:{id_}: no answer of {host}") from error
    except (OSError, RuntimeError) as error:
        raise EvaluationError(f"ir_datasets cannot read {id_!r}: {error}") from error
    return Benchmark(
        name or id_.replace("/", "-"),
        f"ir_datasets:{id_}",
        {query: text for query, text in queries.items() if query in qrels},
        {query: grades for query, grades in qrels.items() if query in queries},
        unjudged=tuple(query for query in queries if query not in qrels),
    )
