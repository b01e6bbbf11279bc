"""Grades on disk: they outlive a kill, and the judges do not disturb each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.judging.store import Judgments

KILLED = """
import os, signal, sys
from pathlib import Path
from corpus_tuner.judging.store import Judgments
judgments = Judgments(Path(sys.argv[1]))
judgments.add_queries({"q": "text"})
for number in range(100):
    judgments.add_grade("ann", "q", f"d{number}", number % 4, "a note")
    if number == 41:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_no_grade(tmp_path: Path) -> None:
    file = tmp_path / "judgments.sqlite"
    subprocess.run([sys.executable, "-c", KILLED, file], check=False)
    judgments = Judgments(file)
    grades = judgments.read_grades()
    assert [(own.document, own.grade) for own in grades] == [(f"d{n}", n % 4) for n in range(42)]
    assert judgments.read_queries() == {"q": "text"}


def test_several_judges_open_one_database(tmp_path: Path) -> None:
    file = tmp_path / "judgments.sqlite"
    ann, ben, third = (Judgments(file) for _ in range(3))
    ann.add_grade("ann", "q", "d", 3, "sure")
    ben.add_grade("ben", "q", "d", 1)
    ann.add_grade("llm:x", "q", "d", 0)
    assert third.read_qrels() == {"q": {"d": 1}}  # the lower median, without the model
    third.add_grade("cid", "q", "d", 2)
    assert ann.read_qrels() == {"q": {"d": 2}}
    undone = ben.undo("ann")
    assert undone is not None and (undone.grade, undone.note) == (3, "sure")
    assert ann.read_qrels() == {"q": {"d": 1}}
    assert ann.undo("ann") is None
    ben.add_grade("ben", "q", "d", 3)  # another grade replaces the first
    assert [own.grade for own in ann.read_grades() if own.judge == "ben"] == [3]


def test_a_judged_query_does_not_change_its_text(tmp_path: Path) -> None:
    judgments = Judgments(tmp_path / "judgments.sqlite")
    judgments.add_queries({"q": "old", "r": "old"})
    judgments.add_grade("ann", "q", "d", 1)
    judgments.add_queries({"q": "old", "r": "new"})
    assert judgments.read_queries() == {"q": "old", "r": "new"}
    with pytest.raises(EvaluationError, match="grades of the query 'q'"):
        judgments.add_queries({"q": "new"})


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("something else, and long enough to have no header")
    with pytest.raises(CorpusTunerError, match="cannot open the judgments"):
        Judgments(tmp_path / "other")
