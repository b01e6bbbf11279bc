"""Draw the chart of the README: nDCG@10 of four systems on every collection of an evaluation.

Run: python -m benchmarks.summary_chart RESULTS [PLOT]

RESULTS is a folder that ``corpus-tuner eval`` wrote; its runs are also fused by reciprocal rank.
PLOT is written as SVG, by default ``docs/summary.svg``.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.runs import Run, break_ties, read_run

ROOT = Path(__file__).parent.parent
MEASURE = "nDCG@10"
RRF_CONSTANT = 60
SYSTEMS = {
    "passage": ("encoder only", "C0", "o"),
    "bm25": ("BM25", "C1", "s"),
    "rrf": ("hybrid by RRF", "0.35", "^"),
    "hybrid": ("corpus-tuner", "C3", "D"),
}
"""Label, colour and marker of each system."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("plot", type=Path, nargs="?", default=ROOT / "docs" / "summary.svg")
    chosen = parser.parse_args()
    report = Report.model_validate_json(
        (chosen.results / "report.json").read_text(encoding="utf-8")
    )
    draw(read_values(chosen.results, report.results), chosen.plot)


def fuse_reciprocal_ranks(*runs: Run) -> Run:
    """Return the reciprocal rank fusion of runs (Cormack, Clarke and Büttcher, SIGIR 2009)."""
    fused: Run = {}
    for query in dict.fromkeys(query for run in runs for query in run):
        scores: dict[str, float] = defaultdict(float)
        for run in runs:
            for rank, (document, _) in enumerate(run.get(query, ()), 1):
                scores[document] += 1 / (RRF_CONSTANT + rank)
        fused[query] = break_ties(scores.items())
    return fused


def measure_rrf(folder: Path, benchmark: str) -> float:
    """Return what the fusion of BM25 and the encoder reaches on a collection, as a fraction."""
    lexical, dense = (
        read_run(folder / "runs" / f"{benchmark}.{name}.trec") for name in ("bm25", "passage")
    )
    qrels = read_qrels(folder / "runs" / f"{benchmark}.qrels")
    return measure(qrels, fuse_reciprocal_ranks(lexical, dense), [MEASURE])[MEASURE]


def read_values(folder: Path, results: list[Result]) -> dict[str, dict[str, float]]:
    """Return the measure, out of 100, by collection and system, and its mean by system."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for result in results:
        if result.system in SYSTEMS:
            values[result.benchmark][result.system] = 100 * result.measures[MEASURE]
    for benchmark in list(values):
        values[benchmark]["rrf"] = 100 * measure_rrf(folder, benchmark)
    values["average"] = {
        system: sum(row[system] for row in values.values()) / len(values) for system in SYSTEMS
    }
    return values


def draw(values: dict[str, dict[str, float]], path: Path) -> None:
    """Draw a row of dots for each collection."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "", "font.size": 9}):
        figure = Figure(figsize=(8, 3.6), layout="constrained", facecolor="white")
        axes = figure.subplots()
        rows = list(reversed(values))
        for row, name in enumerate(rows):
            points = list(values[name].values())
            axes.hlines(row, min(points), max(points), "0.85", lw=3, zorder=0)
        for system, (label, colour, marker) in SYSTEMS.items():
            points = [values[name][system] for name in rows]
            axes.plot(points, range(len(rows)), marker, color=colour, ms=6, label=label)
        axes.axhline(0.5, color="0.5", lw=0.6)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlabel(f"{MEASURE}, out of 100")
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper center", ncols=len(SYSTEMS), frameon=False)
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
