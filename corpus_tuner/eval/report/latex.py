r"""Results as a LaTeX ``tabular``, which needs no package: rules are ``\hline``."""

import re

from corpus_tuner.eval.report import Report, Result, find_best
from corpus_tuner.eval.report.tables import explain_marks, mark_p_value

_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{char: f"{{{char}}}" for char in "[*"},  # after the end of a row they are arguments
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
}
_MARKS = {"\u2020": r"$^{\dagger}$", "\u2021": r"$^{\ddagger}$", "": ""}


def format_latex(report: Report) -> str:
    r"""Return all results as a LaTeX table, in points of 100.

    Every benchmark is a group of rows, with its best values in bold. Systems whose weights were
    chosen with the judgments have a ``*`` and are never the best.

    Examples
    --------
    >>> result = Result(benchmark="mine", system="bm25", queries=1, measures={"RR": 0.5})
    >>> report = Report(title="", baseline="bm25", system="bm25", results=[result])
    >>> print(format_latex(report).splitlines()[4])
    bm25 & \textbf{50.0} \\
    """
    measures = list(report.results[0].measures)
    lines = [f"% {_join_lines(explain_marks(report.baseline))}"] if report.comparisons else []
    lines += [
        rf"\begin{{tabular}}{{l{'r' * len(measures)}}}",
        r"\hline",
        _format_row(["system", *map(escape_latex, measures)]),
        r"\hline",
    ]
    for benchmark, results in report.by_benchmark.items():
        if len(report.by_benchmark) > 1:
            name = rf"\textit{{{escape_latex(benchmark)}}}"
            lines.append(_format_row([rf"\multicolumn{{{len(measures) + 1}}}{{l}}{{{name}}}"]))
        best = {name: find_best(results, name) for name in measures}
        for result in results:
            star = "*" if result.uses_labels else ""
            cells = [_format_cell(result, name, best[name]) for name in measures]
            lines.append(_format_row([f"{escape_latex(result.system)}{star}", *cells]))
        lines.append(r"\hline")
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def escape_latex(text: str) -> str:
    r"""Escape the special characters of LaTeX.

    Examples
    --------
    >>> print(escape_latex("my_run & 50%"))
    my\_run \& 50\%
    """
    return re.sub(r"[&%$#_{}\[*~^\\<>|]", lambda match: _SPECIAL[match[0]], _join_lines(text))


def _join_lines(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())


def _format_row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _format_cell(result: Result, measure: str, best: float | None) -> str:
    value = f"{100 * result.measures[measure]:.1f}"
    if not result.uses_labels and result.measures[measure] == best:
        value = rf"\textbf{{{value}}}"
    return value + _MARKS[mark_p_value(result.p_values.get(measure))]
