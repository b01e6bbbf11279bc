"""Files of queries: every kind, what is wrong with them, and whatever bytes there are."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.queries import read_queries
from corpus_tuner.eval.records import BadRecord

IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n"), min_size=1)
QUERIES = st.dictionaries(IDS, TEXTS.map(str.strip).filter(bool), min_size=1, max_size=8)
ONE_FILE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_FILE
@given(queries=QUERIES)
def test_all_kinds_of_files_give_the_queries_back(queries: dict[str, str], tmp_path: Path) -> None:
    lines = [json.dumps({"_id": key, "text": text}) for key, text in queries.items()]
    (tmp_path / "q.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert read_queries(tmp_path / "q.jsonl") == queries
    (tmp_path / "q.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    assert read_queries(tmp_path / "q.jsonl.gz") == queries
    rows = "".join(f"{key}\t{text}\n" for key, text in queries.items())
    (tmp_path / "q.tsv").write_text(rows, encoding="utf-8", newline="")
    assert read_queries(tmp_path / "q.tsv") == queries


@ONE_FILE
@given(content=st.binary(max_size=200), name=st.sampled_from(["q.jsonl", "q.tsv", "q.txt"]))
def test_whatever_is_in_a_file_is_read_or_told(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    bad: list[BadRecord] = []
    try:
        queries = read_queries(tmp_path / name, bad.append)
    except EvaluationError as error:
        assert name in str(error)
        return
    assert all(key and text.strip() for key, text in queries.items())
    if bad:
        with pytest.raises(EvaluationError, match=name):
            read_queries(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("q.jsonl", '{"text": "no id"}', "q.jsonl:2, field '_id'"),
        ("q.jsonl", '{"_id": "b", "text": " "}', "q.jsonl:2, field 'text': missing or empty"),
        ("q.jsonl", '{"_id": "b"', "broken JSON"),
        ("q.tsv", "b", "q.tsv:2, field 'text': missing or empty"),
        ("q.tsv", "\tb", "q.tsv:2, field '_id'"),
        ("q.tsv", "a\tagain", "duplicate id"),
    ],
)
def test_a_bad_record_is_told_with_its_line(
    tmp_path: Path, name: str, line: str, message: str
) -> None:
    first = "a\tmill" if name == "q.tsv" else '{"_id": "a", "text": "mill"}'
    (tmp_path / name).write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        read_queries(tmp_path / name)
    assert message in str(caught.value)
    assert read_queries(tmp_path / name, lambda _: None)["a"] == "mill"
