"""Results as a LaTeX table."""

import re

from corpus_tuner.eval.report import Report, Result
from corpus_tuner.eval.report.latex import escape_latex, format_latex


def _result(benchmark: str, system: str, value: float, p: float | None = None) -> Result:
    return Result(
        p_values={} if p is None else {"nDCG@10": p},
        benchmark=benchmark,
        language="en",
        system=system,
        documents=1,
        queries=1,
        measures={"nDCG@10": value, "MRR@100": 0},
        seconds=0,
    )


RESULTS = [
    _result("a_1", "base", 0.5),
    _result("a_1", "[new] & 100%", 0.75, 0.004),
    _result("a_1", "other", 0.6, 0.03),
    _result("a_1", "same", 0.51, 0.4),
    _result("b", "base", 0.25),
]


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
