"""Write the results of the comparison into README.md and docs/, with the chart of the README.

Run: python -m benchmarks.peers.tables

The tables are written between ``<!-- table: NAME -->`` and ``<!-- end -->``: ``peers`` (the best
system of each library, nDCG@10, 100 hits), ``peers_100`` (all systems, with the other measures),
``peers_10`` (10 hits) and ``peers_cost``. The chart is docs/summary.svg.
"""

from collections import defaultdict
from pathlib import Path
from statistics import fmean

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.peers.environments import OURS
from benchmarks.peers.results import Cost, Quality, Results
from benchmarks.tables import MAIN, PAGES, ROOT, fill_tables
from corpus_tuner.eval.report.tables import format_markdown

AVERAGE = "average"
CHART = ROOT / "docs" / "summary.svg"
COSTS = (
    "build, s",
    "memory, MiB",
    "index, MiB",
    "first search, s",
    "search, ms",
    "memory, MiB",
)
Values = dict[str, dict[str, float]]
"""Values out of 100, by system and collection, and their average."""


def collect(qualities: list[Quality], hits: int, measure: str) -> Values:
    """Return the values of a measure, the best average first, of systems with all collections."""
    values: Values = defaultdict(dict)
    for one in qualities:
        if one.hits == hits:
            values[one.system][one.collection] = 100 * one.measures[measure]
    count = max(map(len, values.values()))
    complete = {
        system: {**dict(sorted(own.items())), AVERAGE: fmean(own.values())}
        for system, own in values.items()
        if len(own) == count
    }
    return dict(sorted(complete.items(), key=lambda entry: -entry[1][AVERAGE]))


def tabulate(columns: dict[str, dict[str, float]], digits: int = 1) -> str:
    """Return a row for each system, with the best value of each column in bold."""
    best = {name: round(max(own.values()), digits) for name, own in columns.items()}
    rows = [["system", *columns]]
    for system in next(iter(columns.values())):
        cells = [system]
        for name, own in columns.items():
            cell = f"{own[system]:.{digits}f}"
            cells.append(f"**{cell}**" if round(own[system], digits) == best[name] else cell)
        rows.append(cells)
    return format_markdown(rows)


def choose_best(values: Values, qualities: list[Quality]) -> Values:
    """Return the values of the best system of each library."""
    libraries = {one.system: one.library for one in qualities}
    best = {libraries[system]: system for system in reversed(values)}
    return {system: own for system, own in values.items() if system in best.values()}


def list_columns(values: Values) -> dict[str, dict[str, float]]:
    """Return the columns of a table of quality: collections, then the average."""
    return {
        name: {system: own[name] for system, own in values.items()}
        for name in next(iter(values.values()))
    }


def make_tables(results: Results) -> dict[str, str]:
    """Return all tables by name."""
    values = collect(results.qualities, 100, MAIN)
    main = list_columns(values)
    tables = {"peers": tabulate(list_columns(choose_best(values, results.qualities)))}
    further = {
        name: list_columns(collect(results.qualities, 100, name))[AVERAGE]
        for name in ("MRR@100", "Recall@100")
    }
    tables["peers_100"] = tabulate(main | further)
    tables["peers_10"] = tabulate(list_columns(collect(results.qualities, 10, MAIN)))
    return tables | {"peers_cost": tabulate_costs(results.costs)}


def tabulate_costs(costs: list[Cost]) -> str:
    """Return a row for each system: build, index on disk, first search, further searches."""
    rows = [["system", *COSTS]]
    for cost in costs:
        numbers = (
            f"{cost.index_seconds:.1f}",
            f"{cost.index_memory_mib:.0f}",
            f"{cost.index_mib:.1f}",
            f"{cost.first_search_seconds:.1f}",
            f"{cost.search_milliseconds:.1f}",
            f"{cost.search_memory_mib:.0f}",
        )
        rows.append([cost.system, *numbers])
    return format_markdown(rows)


def draw(qualities: list[Quality], path: Path) -> None:
    """Draw a panel for each collection and one for their average, with a dot for each system."""
    values = collect(qualities, 100, MAIN)
    ours = {one.system for one in qualities if one.library == OURS}
    columns = list_columns(values)
    systems = list(reversed(values))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "", "font.size": 8}):
        figure = Figure(figsize=(9, 3.8), layout="constrained", facecolor="white")
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for panel, (name, own) in zip(panels, columns.items(), strict=True):
            for row, system in enumerate(systems):
                color = "C3" if system in ours else "0.45"
                panel.plot(own[system], row, "o", color=color, ms=4)
            panel.set_title(name, fontsize=8)
            panel.grid(color="0.9", lw=0.6)
            panel.spines[["top", "right"]].set_visible(False)
            panel.set_axisbelow(True)
        panels[0].set_yticks(range(len(systems)), systems)
        for label, system in zip(panels[0].get_yticklabels(), systems, strict=True):
            label.set_color("C3" if system in ours else "black")
        figure.supxlabel(f"{MAIN}, out of 100", fontsize=8)
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    results = Results.read()
    for page in PAGES:
        fill_tables(page, make_tables(results))
    draw(results.qualities, CHART)


if __name__ == "__main__":
    main()
