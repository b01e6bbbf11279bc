"""Gain of an encoder that is tuned on the corpus itself, compared with its verdict.

Run: python -m benchmarks.in_domain OUTPUT FOLDER... [--set KEY=VALUE] [--hybrid]

FOLDER is a collection in BEIR layout. Its documents are trained on; its judgments measure base and
tuned encoder in dense search, in float32, and with --hybrid as `eval` does. Tunings and evaluations
in OUTPUT are reused. The table has a row per collection.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_tuner import evaluate, load_recipe
from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.config.settings_files import load_tuning_settings
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.tuning_report import EncoderTuningReport
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.encoder.tune import tune_encoder

MEASURE = "nDCG@10"
DEPTH = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--hybrid", action="store_true")
    chosen = parser.parse_args()
    settings = load_recipe()
    tuning = load_tuning_settings(EncoderTuningSettings, None, chosen.assignments)
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    rows = [["collection", "base", "tuned", "gain", "verdict", "interval", "share", "steps"]]
    if chosen.hybrid:
        rows[0] += ["hybrid", "tuned, hybrid"]
    for folder, benchmark in zip(chosen.folders, benchmarks, strict=True):
        output = chosen.output / benchmark.name
        report = tune_encoder([benchmark.corpus], output / "encoder", settings, tuning)
        with_tuned = settings.encoder.model_copy(update={"name": report.output})
        found = [
            measure_dense(benchmark, settings, encoder)
            for encoder in (settings.encoder.model_copy(update={"name": report.base}), with_tuned)
        ]
        row = [
            benchmark.name,
            *(f"{100 * one:.1f}" for one in found),
            *format_verdict(found, report),
        ]
        if chosen.hybrid:
            for name, encoder in (("base", settings.encoder), ("tuned", with_tuned)):
                recipe = settings.model_copy(update={"encoder": encoder})
                row.append(f"{100 * measure_hybrid(folder, output / name, recipe):.1f}")
        rows.append(row)
        print(format_markdown([rows[0], row]), flush=True)
    print(format_markdown(rows))


def format_verdict(found: list[float], report: EncoderTuningReport) -> list[str]:
    """Return cells with the gain by the judgments, and the verdict."""
    verdict = report.verdict
    low, high = (100 * end for end in verdict.interval)
    return [
        f"{100 * (found[1] - found[0]):+.1f}",
        f"{100 * verdict.gain:+.1f}{', better' if verdict.better else ''}",
        f"{low:+.1f} to {high:+.1f}",
        f"{verdict.share:g}",
        f"{report.best_step} of {report.steps}",
    ]


def measure_dense(benchmark: Benchmark, settings: Recipe, named: EncoderSettings) -> float:
    """Return nDCG@10 of dense search by passages."""
    encoder = open_encoder(named.model_copy(update={"dtype": "float32"}))
    documents = list(Corpus(benchmark.corpus, settings.corpus))
    vectors = encoder.encode_documents([get_full_text(document) for document in documents])
    queries = list(benchmark.queries)
    scores = encoder.encode_queries([benchmark.queries[one] for one in queries]) @ vectors.T
    run = rank_documents(queries, scores, [document.id for document in documents])
    return measure(benchmark.qrels, run, [MEASURE])[MEASURE]


def rank_documents(
    queries: Sequence[str], scores: npt.NDArray[np.floating[Any]], ids: Sequence[str]
) -> Run:
    """Return the best documents of every query, of scores of shape (queries, documents)."""
    run = {}
    for query, row in zip(queries, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:DEPTH]
        run[query] = [(ids[number], float(row[number])) for number in best]
    return run


def measure_hybrid(folder: str, output: Path, settings: Recipe) -> float:
    """Return nDCG@10 of hybrid search, as `eval` measures it."""
    (found,) = (
        result.measures[MEASURE]
        for result in evaluate([folder], output, settings).results
        if result.system == "hybrid"
    )
    return found


if __name__ == "__main__":
    main()
