"""Runs and measures, by hand and against other tools."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.runs import Run, break_ties, read_run, write_run

scores = st.floats(-1, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0])


@given(st.dictionaries(st.text(min_size=1), scores, max_size=30))
def test_ties_are_broken_by_id_for_every_tool(ranking: dict[str, float]) -> None:
    broken = break_ties(ranking.items())
    expected = sorted(ranking, key=lambda document: (-ranking[document], document))
    assert [document for document, _ in broken] == expected
    narrow = np.array([score for _, score in broken], dtype=np.float32)
    assert np.all(np.diff(narrow) < 0)
    for document, score in broken:
        assert abs(score - ranking[document]) < 1e-5


def test_a_run_file_is_read_by_ir_measures_as_it_was(tmp_path: Path) -> None:
    import ir_measures

    run: Run = {"q1": break_ties([("b", 0.25), ("a", 0.25), ("c", 0.1)]), "q2": []}
    write_run(run, tmp_path / "x.trec", "mean")
    lines = (tmp_path / "x.trec").read_text(encoding="utf-8").splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["q1", "Q0", "a", "1"],
        ["q1", "Q0", "b", "2"],
        ["q1", "Q0", "c", "3"],
    ]
    read = list(ir_measures.read_trec_run(str(tmp_path / "x.trec")))
    assert [hit.doc_id for hit in sorted(read, key=lambda hit: -hit.score)] == ["a", "b", "c"]
    assert not list(tmp_path.glob("*.new"))


IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\n\u2028%20")
)
RUNS = st.dictionaries(
    IDS.filter(str.strip),
    st.dictionaries(IDS.filter(str.strip), scores, min_size=1, max_size=6),
    max_size=4,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=RUNS, tag=st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_run_of_any_ids_is_read_as_it_was_written(
    tmp_path: Path, found: dict[str, dict[str, float]], tag: str
) -> None:
    run: Run = {query: break_ties(ranking.items()) for query, ranking in found.items()}
    write_run(run, tmp_path / "x.trec", tag)
    assert read_run(tmp_path / "x.trec") == run
    for line in (tmp_path / "x.trec").read_text(encoding="utf-8").splitlines():
        assert len(line.split()) == 6


def test_scores_that_tie_are_written_apart(tmp_path: Path) -> None:
    write_run({"q": [("b", 0.5), ("a", 0.5), ("c", 0.5)]}, tmp_path / "x.trec", "mine")
    lines = [line.split() for line in (tmp_path / "x.trec").read_text().splitlines()]
    assert [line[2] for line in lines] == ["a", "b", "c"]
    assert len({np.float32(line[4]) for line in lines}) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q Q0 a 1 1 x\nq Q0 b 2 1 x\nq Q0 c 3 1 x\n", "cba"),  # ties: the last id first
        ("q Q0 a 1 0.5 x\nq Q0 b 2 2.0 x\n", "ba"),  # the rank is not looked at
        ("q\tQ0\ta\t1\t0.5\n", "a"),  # tabs, and no tag
        ("q  Q0 \t a 1 .5 a b\n", None),
        ("q Q0 a 1 nan x\n", None),
        ("q Q0 a 1 2.0 x\nq Q0 a 2 1.0 x\n", None),
        ("q Q0 a\u0000b 1 2.0 x\n", None),
    ],
)
def test_runs_of_other_tools(tmp_path: Path, text: str, expected: str | None) -> None:
    (tmp_path / "x.trec").write_text(text, encoding="utf-8")
    if expected is None:
        with pytest.raises(EvaluationError, match=r"x\.trec:"):
            read_run(tmp_path / "x.trec")
    else:
        found = read_run(tmp_path / "x.trec")["q"]
        assert "".join(document for document, _ in found) == expected


def test_ids_of_other_tools_stay_as_they_are(tmp_path: Path) -> None:
    ids = ["100%.md", "caf%C3%A9", "50%zz", "a%2Fb", "no\u00a0break", "%"]
    lines = [f"q Q0 {id_} 1 {score} x\n" for score, id_ in enumerate(ids)]
    (tmp_path / "x.trec").write_text("".join(lines), encoding="utf-8")
    run = read_run(tmp_path / "x.trec")
    assert [document for document, _ in reversed(run["q"])] == ids
    (tmp_path / "x.trec").write_text("q\tQ0\tMy notes.md\t1\t0.5\tx\n", encoding="utf-8")
    assert read_run(tmp_path / "x.trec")["q"][0][0] == "My notes.md"


def test_measures_by_hand() -> None:
    qrels = {"q1": {"a": 2, "b": 1, "z": 0}, "q2": {"c": 1}, "q3": {"d": 1}}
    run: Run = {
        "q1": [("b", 0.9), ("x", 0.8), ("a", 0.7)],
        "q2": [("x", 0.9), ("c", 0.8)],
        "other": [("a", 1.0)],  # not judged: does not count
    }  # and nothing for q3: counts 0
    found = measure(qrels, run, ["nDCG@10", "MRR@100", "Recall@100", "P@1"])
    dcg = 1 + 2 / np.log2(4)
    ideal = 2 + 1 / np.log2(3)
    assert found["nDCG@10"] == pytest.approx((dcg / ideal + 1 / np.log2(3)) / 3)
    assert found["MRR@100"] == pytest.approx((1 + 0.5) / 3)
    assert found["Recall@100"] == pytest.approx(2 / 3)
    assert found["P@1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "name", ["fame@10", "nDCG@ten", "P", "", "P_10x", "ndcg_cut", "ndcg_cut_ten", "gm_map", "map_x"]
)
def test_unknown_measures(name: str) -> None:
    with pytest.raises(EvaluationError, match="no measure is called"):
        measure({"q": {"a": 1}}, {"q": [("a", 1.0)]}, [name])


def test_counts_are_no_measures() -> None:
    with pytest.raises(EvaluationError, match="NumRet counts"):
        measure({"q": {"a": 1}}, {"q": [("a", 1.0)]}, ["NumRet"])
