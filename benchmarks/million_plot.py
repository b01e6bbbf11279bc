"""Draw what `benchmarks.million` measured: how long a search takes, and what it finds, by size.

Run: python -m benchmarks.million_plot FOLDER PLOT

FOLDER is that of the benchmark; PLOT is written as SVG.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

TARGET_MS, TARGET_BYTES, TARGET_RECALL = 20, 2_000, 0.99


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("plot", type=Path)
    chosen = parser.parse_args()
    draw(json.loads((chosen.folder / "results.json").read_text(encoding="utf-8")), chosen.plot)


def draw(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw all indexes: the time of a search by bytes, and by what is found."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, what in ((left, "bytes"), (right, "recall@100")):
        for name, found in results.items():
            axes.plot(found[what], found["p50"], "k." if name == "flat" else "C0.", ms=9)
            axes.vlines(found[what], found["p50"], found["p99"], "0.6", lw=1)
            axes.annotate(
                name, (found[what], found["p50"]), (5, 3), textcoords="offset points", fontsize=8
            )
        axes.axhline(TARGET_MS, color="C3", lw=0.8, ls=":")
        axes.spines[["top", "right"]].set_visible(False)
    right.axvline(TARGET_RECALL, color="C3", lw=0.8, ls=":")
    left.set(xlabel="bytes a document", ylabel="milliseconds of one core, p50 to p99")
    right.set(xlabel="recall@100")
    left.set_xlim(0, TARGET_BYTES)
    right.set_xlim(TARGET_RECALL - 0.002, 1.001)
    right.set_xticks([TARGET_RECALL, 0.995, 1])
    left.set_ylim(bottom=0)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
