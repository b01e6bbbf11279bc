"""Runs and measures, by hand and against other tools."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.measures import measure
from corpus_tuner.eval.runs import Run, break_ties, write_run

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


def test_ids_that_the_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="'my notes' has whitespace"):
        write_run({"q": [("my notes", 1.0)]}, tmp_path / "x.trec", "mean")
    assert not (tmp_path / "x.trec").exists()


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


@pytest.mark.parametrize("name", ["fame@10", "nDCG@ten", "P", ""])
def test_unknown_measures(name: str) -> None:
    with pytest.raises(EvaluationError, match="no measure is called"):
        measure({"q": {"a": 1}}, {"q": [("a", 1.0)]}, [name])
