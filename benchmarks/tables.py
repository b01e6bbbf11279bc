"""Fill the tables of README.md and docs/ with what an evaluation measured.

    python -m benchmarks.tables RESULTS [ABLATION]

RESULTS and ABLATION are folders that ``corpus-tuner eval`` and ``eval --ablate`` wrote. A table
stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; nobody types it.
"""

import re
import sys
from pathlib import Path

from corpus_tuner.eval.report import Report, Result, read_results
from corpus_tuner.eval.report.tables import as_markdown, matrix, probability

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md", ROOT / "docs" / "ablation.md")
MAIN = "nDCG@10"
SHOWN = {
    "bm25": "BM25",
    "passage": "encoder alone",
    "mean": "`mean`",
    "views": "`views`",
    "calibrated": "calibrated hybrid",
    "oracle": "best weights*",
}


def summary(results: list[Result]) -> str:
    """Return a row for each collection: the main measure of the main systems."""
    values = {(each.benchmark, each.system): each.measures[MAIN] for each in results}
    rows = [["collection", "documents", "queries", *SHOWN.values()]]
    for each in results:
        if each.system != "passage":
            continue
        cells = [f"{100 * values[each.benchmark, system]:.1f}" for system in SHOWN]
        cells[list(SHOWN).index("calibrated")] = f"**{cells[list(SHOWN).index('calibrated')]}**"
        name = f"{each.benchmark} ({each.language})"
        rows.append([name, f"{each.documents:,}", f"{each.queries:,}", *cells])
    return as_markdown(rows)


def ladder(results: list[Result]) -> str:
    """Return a row for each collection and system: all measures, weights and time."""
    measures = list(results[0].measures)
    rows = [["collection", "system", "weights", *measures, "95 % interval", "ms"]]
    for each in results:
        weights = ", ".join(f"{name} {value}" for name, value in each.weights.items())
        points = [f"{100 * each.measures[name]:.1f}" for name in measures]
        low, high = each.intervals[measures[0]]
        took = f"{1000 * each.seconds / each.queries:.1f}" if each.seconds else ""
        bounds = f"{100 * low:.1f} to {100 * high:.1f}"
        rows.append([each.benchmark, each.system, weights, *points, bounds, took])
    return as_markdown(rows, left=3)


def comparison(report: Report) -> str:
    """Return how the main system compares with the baseline."""
    columns = ("difference", "95 % interval", "effect, d", "p, t-test", "p, permutation", "+/=/-")
    rows = [["collection", *columns]]
    for each in report.comparisons:
        if each.system == report.system:
            rows.append(
                [
                    each.benchmark,
                    f"{100 * each.difference:+.1f}",
                    f"{100 * each.low:+.1f} to {100 * each.high:+.1f}",
                    "" if each.effect is None else f"{each.effect:.2f}",
                    probability(each.t_test_holm),
                    probability(each.permutation_holm),
                    f"{each.wins}/{each.ties}/{each.losses}",
                ]
            )
    return as_markdown(rows)


def cost(report: Report) -> str:
    """Return what each index took."""
    rows = [["collection", "documents", "views", "index, MiB", "build, s", "peak memory, MiB"]]
    for each in report.costs:
        seconds = "" if each.seconds is None else f"{each.seconds:.0f}"
        peak = "" if each.peak_bytes is None else f"{each.peak_bytes / 2**20:,.0f}"
        size = f"{each.bytes / 2**20:.1f}"
        rows.append([each.benchmark, f"{each.documents:,}", f"{each.views:,}", size, seconds, peak])
    return as_markdown(rows)


def fill(page: Path, tables: dict[str, str]) -> None:
    """Put tables between their marks."""

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
        "summary": summary(report.results),
        "ladder": ladder(report.results),
        "comparison": comparison(report),
        "cost": cost(report),
    }
    if len(sys.argv) > 2:
        parts = read_results(Path(sys.argv[2]) / "ablation.json")
        tables["ablation"] = as_markdown(matrix(parts, MAIN))
    for page in PAGES:
        fill(page, tables)


if __name__ == "__main__":
    main()
