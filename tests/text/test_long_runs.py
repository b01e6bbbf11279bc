"""Base64 and the like in any source, and scripts that look as if they had such runs."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus
from corpus_tuner.text.long_runs import LONGEST_RUN, drop_long_runs
from tests.conftest import write_jsonl


@pytest.mark.parametrize(
    "word",
    [
        "水車は川の近くにある。",
        "โรงสีอยู่ริมแม่น้ำ",
        "ໂຮງສີຢູ່ແຄມນ້ຳ",
        "ម៉ាស៊ីនកិនស្រូវ",
        "ရေစက်",
        "རང་འཐག",
        "１２３ＡＢＣ",
    ],
)
def test_scripts_without_spaces_are_text(word: str) -> None:
    assert drop_long_runs(word * 500) == (word * 500, 0)
    assert drop_long_runs(word * 500 + "x" * 1001)[0] == word * 500 + " "


def test_runs_of_any_source_are_counted(tmp_path: Path) -> None:
    run = "iVBORw0KGgo=" * 100
    records = [
        {"_id": "a", "text": f"The mill {run} grinds."},
        {"_id": "b", "title": run, "text": "x" * LONGEST_RUN},
        {"_id": "c", "text": run},
    ]
    corpus = Corpus(write_jsonl(tmp_path / "c.jsonl", records))
    assert [(document.title, document.text) for document in corpus] == [
        ("", "The mill   grinds."),
        ("", "x" * LONGEST_RUN),
    ]
    assert corpus.skipped == {"more than 1,000 characters without a space, left out": 3}


@given(st.lists(st.text("ab水 \n\f", max_size=5) | st.integers(900, 1100).map("x".__mul__)))
def test_what_is_left_has_no_long_run(parts: list[str]) -> None:
    text = "".join(parts)
    kept, dropped = drop_long_runs(text)
    assert drop_long_runs(kept) == (kept, 0)
    assert (kept == text) == (dropped == 0)


def test_it_takes_linear_time() -> None:
    start = time.process_time()
    drop_long_runs(("水" + "x" * LONGEST_RUN) * 1_000)
    assert time.process_time() - start < 5  # a quadratic search takes minutes
