"""Results as a LaTeX table."""

import re

from corpus_tuner.eval.report import Report
from corpus_tuner.eval.report.latex import escape_latex, format_latex
from tests.eval.report.made_results import RESULTS


def test_latex_is_a_whole_tabular() -> None:
    text = format_latex(Report(title="", baseline="base", system="other", results=RESULTS))
    lines = text.splitlines()
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert lines[-1] == r"\end{tabular}"
    rows = [line for line in lines if line.endswith(r"\\")]
    assert len(rows) == 1 + 2 + len(RESULTS)  # head, benchmarks, systems
    for row in rows:
        spanned = r"\multicolumn{3}" in row
        assert len(re.findall(r"(?<!\\)&", row)) == (0 if spanned else 2)
    assert r"{[}new] \& 100\% & \textbf{75.0}$^{\ddagger}$ & \textbf{0.0} \\" in lines
    assert r"other & 60.0$^{\dagger}$ & \textbf{0.0} \\" in lines
    assert r"\multicolumn{3}{l}{\textit{a\_1}} \\" in lines
    assert text.count("{") == text.count("}")


def test_everything_special_is_escaped() -> None:
    assert escape_latex("\\ ~^{}#$\n<|>") == (
        r"\textbackslash{} \textasciitilde{}\textasciicircum{}\{\}\#\$ \textless{}\textbar{}"
        r"\textgreater{}"
    )
