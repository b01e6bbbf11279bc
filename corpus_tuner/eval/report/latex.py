r"""Results as a table for LaTeX: a row per system, a column per measure, marks of significance.

It needs no package: rules are ``\hline``.
"""

import re

from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.tables import mark_of, marks_explained

_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{char: f"{{{char}}}" for char in "[*"},  # after the end of a row they are arguments
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
}
_MARKS = {"\u2020": r"$^{\dagger}$", "\u2021": r"$^{\ddagger}$", "": ""}


def as_latex(report: Report) -> str:
    r"""Return a ``tabular`` of all results, in points of 100.

    Every benchmark is a group of rows. The best value of a group is bold; systems that have seen
    the judgments have a ``*`` and are never the best.

    Parameters
    ----------
    report
        With the results of one benchmark or several.

    Examples
    --------
    >>> result = Result(
    ...     benchmark="mine", language="en", system="bm25", documents=3, queries=1,
    ...     measures={"RR": 0.5}, seconds=0,
    ... )
    >>> report = Report(title="", baseline="bm25", system="bm25", results=[result])
    >>> print(as_latex(report).splitlines()[4])
    bm25 & \textbf{50.0} \\
    """
    measures = list(report.results[0].measures)
    benchmarks = list(dict.fromkeys(result.benchmark for result in report.results))
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(measures)}}}",
        r"\hline",
        _row(["system", *map(escape, measures)]),
        r"\hline",
    ]
    for benchmark in benchmarks:
        results = [result for result in report.results if result.benchmark == benchmark]
        if len(benchmarks) > 1:
            span = f"\\multicolumn{{{len(measures) + 1}}}{{l}}{{\\textit{{{escape(benchmark)}}}}}"
            lines.append(_row([span]))
        best = {
            name: max((r.measures[name] for r in results if not r.uses_labels), default=None)
            for name in measures
        }
        for result in results:
            star = "*" if result.uses_labels else ""
            cells = [_cell(result, name, best[name]) for name in measures]
            lines.append(_row([f"{escape(result.system)}{star}", *cells]))
        lines.append(r"\hline")
    lines.append(r"\end{tabular}")
    if report.comparisons:
        lines.insert(0, f"% {_one_line(marks_explained(report.baseline))}")
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    r"""Return text as LaTeX prints it.

    Examples
    --------
    >>> print(escape("my_run & 50%"))
    my\_run \& 50\%
    """
    return re.sub(r"[&%$#_{}\[*~^\\<>|]", lambda found: _SPECIAL[found[0]], _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _cell(result: Result, measure: str, best: float | None) -> str:
    value = f"{100 * result.measures[measure]:.1f}"
    if not result.uses_labels and result.measures[measure] == best:
        value = rf"\textbf{{{value}}}"
    return value + _MARKS[mark_of(result.p_values.get(measure))]
