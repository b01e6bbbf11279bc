"""What an index takes: time, memory, room."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from corpus_tuner.building.report import BuildReport
from corpus_tuner.core.text_output import write_text
from corpus_tuner.eval.report import Cost

# Linux counts in KiB, macOS in bytes; Windows does not say.
_UNIT = 1 if sys.platform == "darwin" else 1024


def timed_build(
    make: Callable[[], BuildReport], benchmark: str, index: Path, path: Path
) -> tuple[BuildReport, Cost]:
    """Build an index and say what it took, or what it took when it was built before.

    Parameters
    ----------
    make
        Builds it.
    benchmark, index
        Its name and folder.
    path
        A JSON file, where the outcome is kept.
    """
    begun = index.exists()
    start = time.perf_counter()
    report = make()
    seconds = time.perf_counter() - start
    cost = Cost(
        benchmark=benchmark,
        documents=report.documents,
        views=sum(report.views.values()),
        bytes=sum(file.stat().st_size for file in index.rglob("*") if file.is_file()),
    )
    if report.unchanged:
        if path.is_file():
            known = Cost.model_validate_json(path.read_text(encoding="utf-8"))
            if known.model_copy(update={"seconds": None, "peak_bytes": None}) == cost:
                return report, known
        return report, cost
    if not begun:
        cost = cost.model_copy(update={"seconds": round(seconds, 1), "peak_bytes": peak_bytes()})
    write_text(cost.model_dump_json(), path)
    return report, cost


def peak_bytes() -> int | None:
    """Return the most memory that this process has held."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
