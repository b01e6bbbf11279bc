"""Records and files that are left out or repaired, counted by reason."""

import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.core.records import Issue
from corpus_tuner.corpora import CorpusSettings, skipped_records
from corpus_tuner.corpora.skipped_records import SkippedRecords
from tests.cli.conftest import Run
from tests.corpora.conftest import GOOD, get_examples, write_file


def test_what_is_skipped_is_stored_and_shown_when_it_changes(
    tmp_path: Path, small: list[str], run: Run
) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    write_file(notes / "a.txt", "A mill\x07 by the river.")
    write_file(notes / "b.png")
    build = ("build", notes, "-o", index, *small)
    first = run(*build).out
    assert "left out: 1" in first
    assert "read with a repair: 1" in first
    assert f"files that no reader knows, .png: {notes}/b.png" in first
    assert "as before: left out 1, read with a repair 1" in run(*build).out
    write_file(notes / "c.png")
    again = json.loads(run(*build, "--json").out)
    assert again["skipped_changed"]
    assert again["repaired"] == ["text: control characters"]
    assert again["skipped"]["files that no reader knows, .png"] == 2
    listed = json.loads(run("info", index, "--skipped", "--json").out)
    assert [(one["reason"], one["repaired"], one["count"]) for one in listed] == [
        ("files that no reader knows, .png", False, 2),
        ("text: control characters", True, 1),
    ]
    assert listed[0]["named"] == [f"{notes}/b.png", f"{notes}/c.png"]
    shown = run("info", index, "--skipped").out
    assert f"{notes}/c.png" in shown
    write_file(tmp_path / "more" / "d.png")
    write_file(tmp_path / "more" / "d.txt")
    run("index", "add", index, tmp_path / "more")
    listed = json.loads(run("info", index, "--skipped", "--json").out)
    assert {one["corpus"] for one in listed} == {str(notes), str(tmp_path / "more")}
    assert json.loads(run("info", index, "--json").out)["skipped"][0]["count"] == 2


def test_skipping_counts_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    lines = ['{"_id": "a", "text": "A mill."}', "{broken", '{"_id": "a", "text": "again"}']
    lines += ['{"_id": "b"}', '{"_id": "c", "text": ""}', '{"_id": "d", "text": "bell \\u0007 x"}']
    path.write_text("\n".join(lines), encoding="utf-8")
    corpus = Corpus(str(path), CorpusSettings(on_bad_record="skip"))
    assert [(document.id, document.text) for document in corpus] == [
        ("a", "A mill."),
        ("d", "bell   x"),
    ]
    assert corpus.skipped == {
        "broken JSON": 1,
        "id: duplicate id": 1,
        "text: missing": 1,
        "text: empty, and there is no title": 1,
        "text: control characters": 1,
    }
    assert get_examples(corpus)["id: duplicate id"].startswith(f"{path}:3 ")
    assert f"first at {path}:1" in get_examples(corpus)["id: duplicate id"]


def test_all_bad_records_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"_id": "a", "text": "A mill."}\n{broken\n{"_id": "b"}\n', encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"(?s)2 records .*jsonl:2: .*jsonl:3, field 'text'"):
        list(Corpus(path))
    path.write_text("{broken\n" * 100, encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"20 records .* there may be more"):
        list(Corpus(path))


def test_a_foreign_header_is_one_complaint(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    written = "".join(f'{number};"Die Mühle\nam Fluss"\n' for number in range(4))
    table.write_text(f"Nummer;Inhalt\n{written}", encoding="utf-8")
    with pytest.raises(CorpusTunerError) as raised:
        list(Corpus(table))
    lines = str(raised.value).splitlines()
    assert lines[0] == "4 records cannot be used:"
    assert len(lines) == 2
    assert lines[1].startswith(f"  {table}:2 and 3 more, field 'text': missing (it has 'Nummer', ")
    assert "recipe={'corpus': {'text': '...'}})" in lines[1]
    how = CorpusSettings(id="Nummer", text="Inhalt")
    assert [document.id for document in Corpus(table, how)] == ["0", "1", "2", "3"]


def test_records_are_counted_and_the_first_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skipped_records, "MAX_NAMED", 2)
    skipped = SkippedRecords()
    skipped.add(Issue("a:1", "not UTF-8"))
    for number in range(3):
        skipped.add(Issue(f"b:{number}", "empty files", repaired=False))
    left_out, repaired = skipped.to_list()
    assert (left_out.reason, left_out.count, left_out.named) == ("empty files", 3, ("b:0", "b:1"))
    assert (repaired.reason, repaired.repaired, repaired.count) == ("not UTF-8", True, 1)
    assert skipped.counts == {"not UTF-8": 1, "empty files": 3}


# Name of the file, its bytes, and what the message must say.
BAD_RECORDS: dict[str, tuple[str, bytes, list[str]]] = {
    "broken JSON": ("c.jsonl", GOOD + b'{"_id": "b", "text": \n', ["c.jsonl:2", "broken JSON"]),
    "array in a line": (
        "c.jsonl",
        GOOD + b'["b", "text"]\n',
        ["c.jsonl:2", "not a JSON object", "an array"],
    ),
    "string in a line": ("c.jsonl", GOOD + b'"text"\n', ["c.jsonl:2", "'_id'", "missing"]),
    "null in a line": ("c.jsonl", GOOD + b"null\n", ["c.jsonl:2", "null"]),
    "deep nesting": ("c.jsonl", GOOD + b'{"a":' * 90_000 + b"\n", ["c.jsonl:2", "cannot be read"]),
    "endless number": (
        "c.jsonl",
        GOOD + b'{"_id": ' + b"9" * 5000 + b"}\n",
        ["c.jsonl:2", "cannot be read"],
    ),
    "no id": ("c.jsonl", GOOD + b'{"text": "x"}\n', ["c.jsonl:2", "'_id'", "missing", "'text'"]),
    "id is null": ("c.jsonl", GOOD + b'{"_id": null, "text": "x"}\n', ["c.jsonl:2", "not text"]),
    "id is a list": ("c.jsonl", GOOD + b'{"_id": [1], "text": "x"}\n', ["c.jsonl:2", "an array"]),
    "id is true": ("c.jsonl", GOOD + b'{"_id": true, "text": "x"}\n', ["c.jsonl:2", "a boolean"]),
    "id is empty": ("c.jsonl", GOOD + b'{"_id": " ", "text": "x"}\n', ["c.jsonl:2", "empty"]),
    "id has a line break": (
        "c.jsonl",
        GOOD + b'{"_id": "a\\nb", "text": "x"}\n',
        ["c.jsonl:2", "not fit for an id"],
    ),
    "id is huge": (
        "c.jsonl",
        GOOD + b'{"_id": "' + b"x" * 600 + b'", "text": "x"}\n',
        ["c.jsonl:2", "too long", "512"],
    ),
    "duplicate id": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x"}\n' + GOOD,
        ["c.jsonl:3", "duplicate id", "'a'", "first at", "c.jsonl:1"],
    ),
    "no text": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "title": "x", "abstract": "y"}\n',
        ["c.jsonl:2", "'text'", "missing", "'abstract'", "--set corpus.text="],
    ),
    "text is a number": ("c.jsonl", GOOD + b'{"_id": "b", "text": 3}\n', ["c.jsonl:2", "a number"]),
    "text is a list": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": ["x"]}\n',
        ["c.jsonl:2", "not text", "an array"],
    ),
    "title is an object": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "title": {}, "text": "x"}\n',
        ["c.jsonl:2", "'title'", "an object"],
    ),
    "all is empty": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "title": "", "text": " \\n "}\n',
        ["c.jsonl:2", "empty"],
    ),
    "control characters": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x \\u0000 y"}\n',
        ["c.jsonl:2", "control characters", "U+0000"],
    ),
    "half a surrogate pair": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x \\ud83d y"}\n',
        ["c.jsonl:2", "surrogate"],
    ),
    "half a surrogate pair in metadata": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x", "note": "\\ud83d"}\n',
        ["c.jsonl:2", "'metadata'", "surrogate"],
    ),
    "NaN in metadata": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x", "prices": [1, {"net": NaN}]}\n',
        ["c.jsonl:2", "'metadata'", "not finite", "'prices'"],
    ),
    "a number greater than any float": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x", "price": -1e999}\n',
        ["c.jsonl:2", "'metadata'", "not finite", "'price'"],
    ),
    "metadata nested too deep": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "x", "tree": ' + b"[" * 101 + b"]" * 101 + b"}\n",
        ["c.jsonl:2", "'metadata'", "nested too deep", "'tree'"],
    ),
    "huge text": (
        "c.jsonl",
        GOOD + b'{"_id": "b", "text": "' + b"x" * 10_000_001 + b'"}\n',
        ["c.jsonl:2", "too long", "corpus.max_characters"],
    ),
    "short row": ("c.csv", b"id,text\na,A mill.\nb\n", ["c.csv:3", "cells", "1 instead of 2"]),
    "long row": ("c.csv", b"id,text\na,A mill.\nb,x,y\n", ["c.csv:3", "cells", "3 instead of 2"]),
    "open quote": (
        "c.csv",
        b'id,text\na,A mill.\nb,"never closed\n',
        ["c.csv:3", "broken row", "not closed"],
    ),
    "text behind a quote": ("c.csv", b'id,text\na,A mill.\nb,"x" y\n', ["c.csv:3", "broken row"]),
    "broken array": (
        "c.json",
        b'[{"_id": "a", "text": "A mill."}, {"_id": "b", "text"}]',
        ["c.json:1, element 2", "broken JSON"],
    ),
    "same id in a table": (
        "c.csv",
        b"id,text\na,A mill.\na,x\n",
        ["c.csv:3", "duplicate id", "first at"],
    ),
}


@pytest.mark.parametrize("kind", BAD_RECORDS)
def test_a_bad_record_is_named_and_can_be_skipped(
    kind: str, tmp_path: Path, run: Run, small: list[str]
) -> None:
    name, data, said = BAD_RECORDS[kind]
    (tmp_path / name).write_bytes(data)
    failed = run("build", tmp_path / name, "--output", tmp_path / "index", *small)
    assert failed.code == 2
    for part in [*said, "--set corpus.on_bad_record=skip"]:
        assert part in failed.err
    assert "Traceback" not in failed.err
    assert not (tmp_path / "index" / "manifest.json").exists()

    skip = ("--set", "corpus.on_bad_record=skip", "--json")
    passed = run("build", tmp_path / name, "--output", tmp_path / "index", *skip, *small)
    assert passed.code == 0, passed.err
    report = json.loads(passed.out)
    assert sum(report["skipped"].values()) == 1
    assert list(report["skipped"]) == list(report["examples"])
