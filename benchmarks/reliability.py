"""Reliability of probabilities: how often hits are relevant, by their probability.

    python -m benchmarks.reliability RESULTS FOLDER... [--plot SVG]

RESULTS is a folder that ``corpus-tuner eval FOLDER...`` wrote, and FOLDER a BEIR folder. Measured
are the first hit and the first ten hits of every judged query: the expected calibration error (ECE,
with ten bins of equal mass: Nguyen and O'Connor, "Posterior calibration and exploratory analysis
for natural language processing models", EMNLP 2015) and the Brier score (1950) of probability
against relevance; a document without a judgment counts as not relevant. The plot is a reliability
diagram.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from corpus_tuner import Searcher
from corpus_tuner.encoders import QueryEncoder
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.trec.benchmark import Benchmark

BINS = 10
HITS = 10
Array = npt.NDArray[np.float64]


class JudgedHits(NamedTuple):
    """Hits of judged queries, best first, in arrays of shape (queries, hits).

    Attributes
    ----------
    probabilities
        Probabilities from 0 to 1; NaN where a query has fewer hits.
    relevant
        Relevance, 0 or 1.
    """

    probabilities: Array
    relevant: Array


def search_judged(
    index: Path, benchmark: Benchmark, encoder: QueryEncoder | None = None
) -> JudgedHits:
    """Search all judged queries of a benchmark.

    Raises
    ------
    SystemExit
        If the index is not calibrated.
    """
    queries = {id_: text for id_, text in benchmark.queries.items() if benchmark.qrels.get(id_)}
    probabilities = np.full((len(queries), HITS), np.nan)
    relevant = np.zeros((len(queries), HITS))
    with Searcher.open(index, encoder=encoder) as searcher:
        found = searcher.search(list(queries.values()), HITS, collapse=False)
    for row, (query, hits) in enumerate(zip(queries, found, strict=True)):
        for column, hit in enumerate(hits):
            if hit.probability is None:
                raise SystemExit(f"{index} is not calibrated")
            probabilities[row, column] = hit.probability
            relevant[row, column] = benchmark.qrels[query].get(hit.document.id, 0) > 0
    return JudgedHits(probabilities, relevant)


def flatten(judged: JudgedHits, hits: int) -> tuple[Array, Array]:
    """Return probability and relevance of the first so many hits of all queries."""
    probabilities, relevant = (values[:, :hits].ravel() for values in judged)
    there = ~np.isnan(probabilities)
    return probabilities[there], relevant[there]


def bin_probabilities(probabilities: Array, relevant: Array) -> Array:
    """Return mean probability, share of relevant ones and count of every bin, shape (bins, 3).

    Examples
    --------
    >>> relevant = np.array([0.0, 0.0, 1.0, 1.0])
    >>> bin_probabilities(np.array([0.1, 0.3, 0.9, 0.7]), relevant)[0].tolist()
    [0.1, 0.0, 1.0]
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return np.array(
        [(probabilities[part].mean(), relevant[part].mean(), len(part)) for part in parts]
    )


def compute_calibration_error(probabilities: Array, relevant: Array) -> float:
    """Return the expected calibration error, from 0 to 1."""
    means, shares, counts = bin_probabilities(probabilities, relevant).T
    return float((np.abs(means - shares) * counts).sum() / counts.sum())


def compute_brier_score(probabilities: Array, relevant: Array) -> float:
    """Return the mean squared difference of probability and relevance, from 0 to 1."""
    return float(((probabilities - relevant) ** 2).mean())


_MEASURES = ("mean probability", "relevant", "ECE", "Brier")


def tabulate_reliability(found: Mapping[str, JudgedHits]) -> list[list[str]]:
    """Return a row for every collection, with the figures of the first hit and of all hits."""
    rows = [["collection", "queries"]]
    rows[0] += [
        f"{measure}, {which}" for which in ("first hit", f"{HITS} hits") for measure in _MEASURES
    ]
    for name, judged in found.items():
        row = [name, f"{len(judged.relevant)}"]
        for hits in (1, HITS):
            values = flatten(judged, hits)
            means = (float(values[0].mean()), float(values[1].mean()))
            row += [f"{value:.3f}" for value in means]
            row += [
                f"{compute_calibration_error(*values):.3f}",
                f"{compute_brier_score(*values):.3f}",
            ]
        rows.append(row)
    return rows


def draw_diagrams(found: Mapping[str, JudgedHits], path: Path) -> None:
    """Draw the reliability diagrams of the first hit and of all hits, as SVG."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, hits in zip(figure.subplots(1, 2, sharey=True), (1, HITS), strict=True):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for name, judged in found.items():
            means, shares, _ = bin_probabilities(*flatten(judged, hits)).T
            axes.plot(means, shares, marker="o", markersize=3, linewidth=1, label=name)
        axes.set_xlabel("probability")
        axes.set_title("first hit" if hits == 1 else f"first {hits} hits")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
    figure.axes[0].set_ylabel("share of relevant hits")
    figure.axes[0].legend(fontsize="small")
    figure.savefig(path, format="svg", metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--plot", type=Path, help="where the diagram is written, as SVG")
    chosen = parser.parse_args(arguments)
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    found = {
        benchmark.name: search_judged(chosen.results / "indexes" / benchmark.name, benchmark)
        for benchmark in benchmarks
    }
    print(format_markdown(tabulate_reliability(found)))
    if chosen.plot:
        draw_diagrams(found, chosen.plot)


if __name__ == "__main__":
    main()
