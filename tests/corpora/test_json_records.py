"""JSON files: arrays, lines and values, streamed."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner import Corpus
from corpus_tuner.corpora import CorpusSettings, json_records

SKIP = CorpusSettings(on_bad_record="skip")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=4)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    max_size=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=RECORDS, indent=st.sampled_from([None, 0, 2]), escaped=st.booleans(), at_once=st.just(3)
)
def test_arrays_come_back(
    records: list[Any], indent: int | None, escaped: bool, at_once: int, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(records, indent=indent, ensure_ascii=escaped), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_records, "_AT_ONCE", at_once)
        found = list(json_records._stream_values(path, None))
    assert [one[1] for one in found] == records
    read = [one[1] for one in json_records.read(path, CorpusSettings())]
    assert read == [one if isinstance(one, dict) else {"text": one} for one in records]


@pytest.mark.parametrize("name", ["c.json", "c.jsonl", "c.json.gz", "c.data"])
@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "text": "A mill."}, {"id": 2, "text": "A barn."}]',
        '[\n  {"id": 1, "text": "A mill."},\n  {"id": 2, "text": "A barn."}\n]\n',
        '\ufeff{"id": 1, "text": "A mill."}\n\n{"id": 2, "text": "A barn."}\n',
    ],
)
def test_arrays_and_lines_are_told_apart(name: str, text: str, tmp_path: Path) -> None:
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert [document.id for document in Corpus(tmp_path / name)] == ["1", "2"]


def test_strings_are_texts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('["A mill.", "A barn."]', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('"A mill."\n"A barn."\n', encoding="utf-8")
    first, second = list(Corpus(tmp_path / "a.json")), list(Corpus(tmp_path / "b.jsonl"))
    assert first == second == list(Corpus(["A mill.", "A barn."]))
    assert [document.text for document in first] == ["A mill.", "A barn."]


@pytest.mark.parametrize(
    ("text", "texts", "reason"),
    [
        ('["a", "b"', "ab", json_records._BROKEN),
        ('["a", {broken}, "b"]', "a", json_records._BROKEN),
        ('["a" "b"]', "a", json_records._BROKEN),
        ('["a", 7, "b"]', "ab", "not a JSON object"),
        ('["a"] "b"', "a", json_records._BROKEN),
    ],
)
def test_what_is_broken_is_counted(text: str, texts: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(text, encoding="utf-8")
    corpus = Corpus(tmp_path / "c.json", SKIP)
    assert "".join(document.text for document in corpus) == texts
    assert corpus.skipped == {reason: 1}


def test_an_array_is_never_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "c.json.gz"
    path.write_bytes(gzip.compress(json.dumps(["A mill by the river. " * 12] * 10_000).encode(), 1))
    tracemalloc.start()
    try:
        count = sum(1 for _ in json_records.read(path, CorpusSettings()))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert count == 10_000
