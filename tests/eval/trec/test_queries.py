"""Files of queries: every kind, what is wrong with them, and whatever bytes there are."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.core.records import BadRecord
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.trec.queries import read_queries

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff")
IDS = st.text(CHARACTERS).map(str.strip).filter(bool)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n"), min_size=1)
PLAIN = TEXTS.map(str.strip).filter(lambda text: text and not text.startswith('"'))
QUERIES = st.dictionaries(IDS.filter(lambda key: key[0] != '"'), PLAIN, min_size=1, max_size=8)
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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"id": "a b", "text": "mill, old"}\n'),
        ("q.ndjson", '{"ID": "a b", "Query": "mill, old"}\n'),
        ("q", '{"query_id": "a b", "text": "mill, old"}\n'),
        ("q.tsv", "id\ttext\na b\tmill, old\n"),
        ("q", "a b\tmill, old\n"),
        ("q.tsv", "qid\tlang\tquery\na b\ten\tmill, old\n"),
        ("q.csv", 'a b,"mill, old"\n'),
        ("q.csv", 'query-id,text\na b,"mill, old"\n'),
        ("q.csv", "id;text\na b;mill, old\n"),
        ("q", 'id,text\na b,"mill, old"\n'),
    ],
)
def test_columns_and_fields_by_their_usual_names(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_queries(tmp_path / name) == {"a b": "mill, old"}


def test_a_quotation_mark_in_tsv_is_a_character(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text('a\t"old mill\nb\trent\n', encoding="utf-8")
    assert read_queries(tmp_path / "q.tsv") == {"a": '"old mill', "b": "rent"}


def test_ids_that_are_skipped_are_named(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("a\tmill\nb\t\nc\trent\n", encoding="utf-8")
    skipped: list[str] = []
    assert read_queries(tmp_path / "q.tsv", ids={"a"}, skip=skipped.append) == {"a": "mill"}
    assert skipped == ["b", "c"]


@ONE_FILE
@given(content=st.binary(max_size=200), name=st.sampled_from(["q.jsonl", "q.tsv", "q.txt"]))
def test_whatever_is_in_a_file_is_read_or_refused(
    content: bytes, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    bad: list[BadRecord] = []
    try:
        queries = read_queries(tmp_path / name, bad.append)
    except CorpusTunerError as error:
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
        ("q.jsonl", '{"_id": "b", "text": "half \\ud83d"}', "field 'text': not UTF-8, or half"),
        ("q.jsonl", '{"_id": "b\\udc00", "text": "mill"}', "field '_id': not UTF-8, or half"),
        ("q.jsonl", '{"_id": "b\\u0000", "text": "mill"}', "field '_id': control characters"),
        ("q.jsonl", f'{{"_id": "b", "text": "{"x" * 100_001}"}}', "longer than 100000 characters"),
        ("q.csv", 'b,"mill', "q.csv:2: broken row"),
        ("q.csv", "b,mill, old", "q.csv:2: not two columns"),
        ("q.csv", "b", "q.csv:2, field 'text': missing or empty"),
    ],
)
def test_a_bad_record_is_named_with_its_line(
    tmp_path: Path, name: str, line: str, message: str
) -> None:
    firsts = {"q.tsv": "a\tmill", "q.csv": "a,mill", "q.jsonl": '{"_id": "a", "text": "mill"}'}
    first = firsts[name]
    (tmp_path / name).write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        read_queries(tmp_path / name)
    assert message in str(caught.value)
    assert read_queries(tmp_path / name, lambda _: None)["a"] == "mill"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('1\tplain\n2\t"unclosed\n3\t"both"\n', {"1": "plain", "2": '"unclosed', "3": '"both"'}),
        ('1\t"plain"\n2\t"he said ""no"""\n', {"1": "plain", "2": 'he said "no"'}),
        ('1\t"two\nlines"\n2\tx\n', {"1": "two\nlines", "2": "x"}),
        ('1\t"opens\n2\tinnocent\n3\tcloses"\n', {"1": '"opens', "2": "innocent", "3": 'closes"'}),
        ('1\t"Mill" at the start\n2\t5" pipe\n', {"1": '"Mill" at the start', "2": '5" pipe'}),
    ],
)
def test_quotation_marks_in_tab_separated_queries(
    text: str, expected: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "q.tsv").write_text(text, encoding="utf-8")
    assert read_queries(tmp_path / "q.tsv") == expected
