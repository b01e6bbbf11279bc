"""``corpus-tuner compare``."""

import json
import re
from pathlib import Path

from tests.cli.conftest import Run


def test_eval_of_a_single_run(tmp_path: Path, run: Run, files: dict[str, Path]) -> None:
    text = "q%201 Q0 x 1 1.0 t\nq%201 Q0 mill 2 1.0 t\nq%202 Q0 d0 1 1.0 t\nq%202 Q0 d1 2 1.0 t\n"
    (tmp_path / "theirs.trec").write_text(text, encoding="utf-8")
    measures = ("--measure", "recip_rank", "--measure", "ndcg_cut_10", "--measure", "P_1")
    options = ("--qrels", files["trec.qrels"], *measures, "-o", tmp_path / "out")
    outcome = run("compare", tmp_path / "theirs.trec", *options)
    assert outcome.code == 0, outcome.err
    # The last of the tied ids comes first: x, then mill; d1, then d0.
    assert re.search(r"trec +theirs +75\.0 +81\.5 +50\.0", outcome.out)
    assert "compared with" not in outcome.out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "compared with" not in page
    shown = json.loads(run("compare", tmp_path / "theirs.trec", *options, "--json").out)
    assert shown["results"][0]["measures"]["recip_rank"] == 0.75
    (tmp_path / "other.trec").write_text("q1 Q0 mill 1 1.0 t\n", encoding="utf-8")
    outcome = run("compare", tmp_path / "other.trec", *options)
    assert outcome.code == 2
    assert "no query of the run other is judged: it has 'q1', and judged are 'q 1'" in outcome.err


def test_bad_judgments_of_runs_are_counted(
    tmp_path: Path, run: Run, files: dict[str, Path]
) -> None:
    with files["trec.qrels"].open("a", encoding="utf-8") as file:
        file.write("q%202 0 d3 high\n")
    (tmp_path / "a.trec").write_text("q%201 Q0 mill 1 1.0 t\n", encoding="utf-8")
    options = ("--qrels", files["trec.qrels"], "-o", tmp_path / "out")
    outcome = run("compare", tmp_path / "a.trec", *options)
    assert outcome.code == 0, outcome.err
    assert f"not a whole number: 1, first {files['trec.qrels']}:4, field" in outcome.out
