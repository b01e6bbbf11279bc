"""Weights of hybrid search by judged queries, if cross-validation shows that they are better.

One parameter is chosen: the share of the lexical rankers. More of them would fit the noise of a few
dozen queries.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.encoders import QueryEncoder
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.oracle import get_lexical_share, list_line, measure_weights
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.eval.trec.significance import bootstrap_interval
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.commit import commit
from corpus_tuner.indexes.store.search_settings import HybridWeights
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest

FEWEST = 30
"""Least number of judged queries with a relevant document."""
FOLDS = 10
"""Number of parts of the queries; the weights of each are chosen by the others."""
MEASURE = "nDCG@10"


class WeightTuning(NamedTuple):
    """What tuning found.

    Attributes
    ----------
    queries
        Number of judged queries with a relevant document.
    gain, low, high
        Gain in nDCG@10 over the weights of the index, a fraction, on queries that did not choose
        the weights (cross-validation), with its confidence interval.
    weights
        Best weights on all queries.
    """

    queries: int
    gain: float
    low: float
    high: float
    weights: HybridWeights

    @property
    def pays(self) -> bool:
        """Whether the interval of the gain is above zero."""
        return self.low > 0


def tune_weights(
    index: Path,
    queries: Path,
    qrels: Path,
    *,
    encoder: QueryEncoder | None = None,
    trust_remote_code: bool = False,
) -> WeightTuning:
    """Tune the weights of a calibrated index by judged queries; it is changed only if that pays.

    Hits then have no probability of relevance, which was estimated for the weights before.

    Raises
    ------
    CorpusTunerError
        If a file cannot be read, the index is not calibrated, has no lexical rankers, or there are
        too few judged queries.
    """
    with (
        lock_and_read_manifest(index, "a calibration") as manifest,
        Searcher.open(index, encoder=encoder, trust_remote_code=trust_remote_code) as searcher,
    ):
        calibration, chosen = manifest.calibration, manifest.search.hybrid
        if calibration is None or manifest.lexical is None:
            raise EvaluationError(
                f"{index} has no calibrated weights of hybrid search to tune: build it with "
                "calibrate=true and lexical rankers"
            )
        judged = {id_: own for id_, own in read_qrels(qrels).items() if max(own.values()) > 0}
        texts = read_queries(queries, ids=judged)
        if len(texts) < FEWEST:
            raise EvaluationError(
                f"{FEWEST} judged queries with a relevant document are needed, not {len(texts)}: "
                f"more come from corpus-tuner judge {index}"
            )
        pooling, line = list_line(chosen)
        share = get_lexical_share(chosen)
        line.sort(key=lambda own: abs(get_lexical_share(own) - share))  # the present ones first
        settings = manifest.search.model_copy(update={"hybrid": pooling})
        benchmark = Benchmark("judged", "", texts, judged)
        values = measure_weights(searcher, benchmark, MEASURE, settings, line)
        fold = np.arange(len(texts)) % FOLDS
        gains = np.zeros(len(texts))
        for number in range(FOLDS):
            best = values[:, fold != number].mean(axis=1).round(6).argmax()
            gains[fold == number] = (values[best] - values[0])[fold == number]
        best = int(values.mean(axis=1).round(6).argmax())
        tuned = WeightTuning(
            len(texts), float(gains.mean()), *bootstrap_interval(gains), line[best]
        )
        if tuned.pays:
            found = {name: own for name, own in calibration.found.items() if name != "chosen"}
            update = {"chosen": tuned.weights, "judged": tuned.queries, "unchanged": None}
            update |= {"temperature": None, "found": found}
            search = manifest.search.model_copy(update={"hybrid": tuned.weights})
            changed = calibration.model_copy(update=update)
            commit(index, manifest.model_copy(update={"search": search, "calibration": changed}))
        return tuned
