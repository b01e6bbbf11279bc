"""Judgments: every layout, and what is wrong with them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.core.records import BadRecord
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.trec.qrels import read_qrels, write_qrels

IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\n\u2028%20")
)
QRELS = st.dictionaries(
    IDS.filter(str.strip),
    st.dictionaries(IDS.filter(str.strip), st.integers(-2, 4), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)
ONE_FILE = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_FILE
@given(qrels=QRELS)
def test_judgments_of_any_ids_are_read_as_they_were_written(
    tmp_path: Path, qrels: dict[str, dict[str, int]]
) -> None:
    write_qrels(qrels, tmp_path / "x.qrels")
    assert read_qrels(tmp_path / "x.qrels") == qrels


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.tsv", "query-id\tcorpus-id\tscore\nq 1\tMy notes.md\t1\n"),
        ("x.tsv", "q 1\tMy notes.md\t1\n"),
        ("x.tsv", "query-id\tcorpus-id\tscore\nq 1\tMy notes.md\t1\t\n"),
        ("x.tsv", "query-id\tcorpus-id\tscore\tnote\nq 1\tMy notes.md\t1\tsure\n"),
        ("x.tsv", "score\tDocID\tqid\n1\tMy notes.md\tq 1\n"),
        ("x.tsv", "query-id,corpus-id,score\nq 1,My notes.md,1\n"),
        ("x.csv", 'q 1,"My notes.md",1.0\n'),
        ("x.csv", "query;document;grade\nq 1;My notes.md;1\n"),
        ("x.qrels", "q%201 0 My%20notes.md 1\n"),
        ("x.qrels", "q%201\t0\tMy notes.md\t1\r\n"),
        ("x", "q%201 My%20notes.md +1\n"),
    ],
)
def test_layouts(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_qrels(tmp_path / name) == {"q 1": {"My notes.md": 1}}
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert read_qrels(packed) == {"q 1": {"My notes.md": 1}}


def test_ids_between_tabs_are_literal(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("q\ta%20b\t1\n", encoding="utf-8")
    assert read_qrels(tmp_path / "x.tsv") == {"q": {"a%20b": 1}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q1\td2\t0.5", "x.tsv:3, field 'score': not a whole number ('0.5')"),
        ("q1\td2\tgood", "field 'score': not a whole number"),
        ("q1\td2\t1e3", "field 'score': not a whole number"),
        ("q1\td2\t20301231", "field 'score': not a grade"),
        ("q1\td2", "not three columns: query, document, score (it has 2"),
        ("q1 0 My notes.md 1", "it has 5; white space in an id is written as %20"),
        ("q1\td1\t2", "field 'score': judged otherwise above ('q1', 'd1': 2, and 1 above)"),
        ("\td2\t1", "field 'query': empty"),
        ("q1\t \t1", "field 'document': empty"),
        ("q1\td\u00002\t1", "field 'document': control characters"),
    ],
)
def test_a_bad_judgment_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    text = f"q1\td1\t1\nq1\td1\t1\n{line}\n"
    (tmp_path / "x.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        read_qrels(tmp_path / "x.tsv")
    assert "x.tsv:3" in str(caught.value)
    assert message in str(caught.value)
    rejected: list[BadRecord] = []
    assert read_qrels(tmp_path / "x.tsv", rejected.append) == {"q1": {"d1": 1}}
    assert len(rejected) == 1


def test_a_first_row_with_a_bad_grade_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("q1\td1\t0.5\nq1\td2\t1\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"x\.tsv:1, field 'score'"):
        read_qrels(tmp_path / "x.tsv")


@ONE_FILE
@given(content=st.binary(max_size=120), name=st.sampled_from(["x.tsv", "x.csv", "x.qrels"]))
def test_whatever_is_in_a_file_is_read_or_refused(
    tmp_path: Path, content: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        qrels = read_qrels(tmp_path / name, lambda _: None)
    except CorpusTunerError as error:
        assert name in str(error)
        return
    assert all(query.strip() and grades for query, grades in qrels.items())
