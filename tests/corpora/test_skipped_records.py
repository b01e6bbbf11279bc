"""Records and files that are left out or repaired, counted by reason."""

import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.core.records import Issue
from corpus_tuner.corpora import CorpusSettings, skipped_records
from corpus_tuner.corpora.skipped_records import SkippedRecords
from tests.cli.conftest import Run
from tests.corpora.conftest import write_file


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
    assert corpus.examples["id: duplicate id"].location == f"{path}:3"
    assert f"first at {path}:1" in str(corpus.examples["id: duplicate id"])


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
    assert "settings={'corpus': {'text': '...'}})" in lines[1]
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
    assert str(skipped.get_examples()["empty files"]) == "b:0"
