"""Fill the tables of README.md and docs/ with the results of an evaluation.

    python -m benchmarks.tables RESULTS

RESULTS is a folder that ``corpus-tuner eval`` wrote. A table is written between
``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.tables import format_markdown, format_p_value, tabulate_costs
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.runs import Run, break_ties, read_run

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "research").glob("*.md")))
MAIN = "nDCG@10"
RRF_CONSTANT = 60
SHOWN = {
    "bm25": "BM25",
    "passage": "encoder only",
    "rrf": "RRF",
    "hybrid": "corpus-tuner",
    "oracle-all": "best weights",
}


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
    return measure(qrels, fuse_reciprocal_ranks(lexical, dense), [MAIN])[MAIN]


def summarize(folder: Path, results: list[Result]) -> str:
    """Return a row per collection: the main measure of the main systems."""
    values = {(result.benchmark, result.system): result.measures[MAIN] for result in results}
    for benchmark in dict.fromkeys(result.benchmark for result in results):
        values[benchmark, "rrf"] = measure_rrf(folder, benchmark)
    rows = [["collection", "documents", "queries", *SHOWN.values()]]
    for result in results:
        if result.system != "passage":
            continue
        cells = [f"{100 * values[result.benchmark, system]:.1f}" for system in SHOWN]
        hybrid = list(SHOWN).index("hybrid")
        cells[hybrid] = f"**{cells[hybrid]}**"
        name = f"{result.benchmark} ({result.language})"
        rows.append([name, f"{result.documents:,}", f"{result.queries:,}", *cells])
    return format_markdown(rows)


def tabulate_systems(results: list[Result]) -> str:
    """Return a row per collection and system: all measures, weights and time."""
    measures = list(results[0].measures)
    rows = [["collection", "system", "weights", *measures, "95 % interval", "ms"]]
    for result in results:
        weights = ", ".join(f"{name} {value:.2f}" for name, value in result.weights.items())
        points = [f"{100 * result.measures[name]:.1f}" for name in measures]
        low, high = result.intervals[measures[0]]
        took = f"{1000 * result.seconds / result.queries:.1f}" if result.seconds else ""
        bounds = f"{100 * low:.1f} to {100 * high:.1f}"
        rows.append([result.benchmark, result.system, weights, *points, bounds, took])
    return format_markdown(rows, left=3)


def tabulate_comparison(report: Report) -> str:
    """Return the comparison of the main system with the baseline."""
    columns = ("difference", "95 % interval", "effect, d", "p, t-test", "p, permutation", "+/=/-")
    rows = [["collection", *columns]]
    for compared in report.comparisons:
        if compared.system == report.system:
            rows.append(
                [
                    compared.benchmark,
                    f"{100 * compared.difference:+.1f}",
                    f"{100 * compared.low:+.1f} to {100 * compared.high:+.1f}",
                    "" if compared.effect is None else f"{compared.effect:.2f}",
                    format_p_value(compared.t_test_holm),
                    format_p_value(compared.permutation_holm),
                    f"{compared.wins}/{compared.ties}/{compared.losses}",
                ]
            )
    return format_markdown(rows)


def fill_tables(page: Path, tables: dict[str, str]) -> None:
    """Write tables between their marks."""

    def put(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- table: {name} -->\n{tables[name]}<!-- end -->" if name in tables else found[0]

    text = page.read_text(encoding="utf-8")
    pattern = r"<!-- table: (?P<name>\w+) -->\n.*?<!-- end -->"
    page.write_text(re.sub(pattern, put, text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    folder = Path(sys.argv[1])
    report = Report.model_validate_json((folder / "report.json").read_text(encoding="utf-8"))
    tables = {
        "summary": summarize(folder, report.results),
        "systems": tabulate_systems(report.results),
        "comparison": tabulate_comparison(report),
        "cost": format_markdown(tabulate_costs(report)),
    }
    for page in PAGES:
        fill_tables(page, tables)


if __name__ == "__main__":
    main()
