"""``corpus-tuner build``: its report, and recipes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl


def test_a_second_build_is_up_to_date(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    first = run("build", corpus, "--output", tmp_path / "index", *small)
    assert first.code == 0
    assert "built: 6 documents (en)" in first.out
    again = run("build", corpus, "--output", tmp_path / "index", *small)
    assert "up to date" in again.out


def test_bad_records_are_counted(tmp_path: Path, run: Run, small: list[str]) -> None:
    path = write_jsonl(tmp_path / "c.jsonl", [*make_documents(3), {"_id": "x"}])
    skip = ("--set", "corpus.on_bad_record=skip")
    outcome = run("build", path, "--output", tmp_path / "index", *skip, *small)
    assert outcome.code == 0
    assert f"1  text: missing: {path}:4" in outcome.out
    assert "c.jsonl:4" in outcome.out


def test_a_refused_build_leaves_nothing(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "text": 7}])
    build = ("build", corpus, "-o", tmp_path / "index", *small, "--set", "language=auto")
    assert run(*build).code == 2
    assert not (tmp_path / "index").exists()


def test_what_a_build_replaces_is_said(tmp_path: Path, run: Run, small: list[str]) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", make_documents(3))
    other = write_jsonl(tmp_path / "other.jsonl", make_documents(3, seed=1))
    build = ("build", one, "-o", tmp_path / "index", *small)
    assert "note" not in run(*build).err
    assert "by another recipe" in run(*build, "--set", "views.title=false").err
    for options in ((), ("--set", "views.title=false"), ("--set", "views.sentences=9")):
        refused = run("build", other, "-o", tmp_path / "index", *small, *options)
        assert refused.code == 2
        said = " ".join(refused.err.split())
        assert (
            f"built from {one}, and 3 of 3 documents would be removed or replaced by {other}"
            in said
        )
        assert "--sync" in said
        assert "--fresh" in said
    sync = ("--set", "views.title=false", "--sync")
    replaced = run("build", other, "-o", tmp_path / "index", *small, *sync)
    assert f"was of {one}, and will be of {other}" in replaced.err
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_text("{}", encoding="utf-8")
    assert "it is rebuilt" in run("build", other, "-o", tmp_path / "index", *small).err


def test_another_corpus_that_shares_most_documents_is_followed(
    tmp_path: Path, run: Run, small: list[str]
) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", make_documents(4))
    other = write_jsonl(tmp_path / "other.jsonl", make_documents(2))
    for corpus in (one, other):
        assert run("build", corpus, "-o", tmp_path / "index", *small).code == 0
    third = write_jsonl(tmp_path / "third.jsonl", [{"_id": "x", "text": "Another text."}])
    assert run("build", third, "-o", tmp_path / "index", *small, "--fresh").code == 0


def test_a_path_is_the_same_relative_and_in_full(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = ct.load_recipe(None, small[1::2])
    for name, seed in (("c.jsonl", 0), (tmp_path / "c.jsonl", 1)):
        write_jsonl(tmp_path / "c.jsonl", make_documents(3, seed=seed))
        monkeypatch.chdir(tmp_path)
        report = ct.build(name, tmp_path / "index", recipe)
    assert report.changes.changed == 3


def test_documents_in_memory_replace_no_others(tmp_path: Path, small: list[str]) -> None:
    recipe = ct.load_recipe(None, small[1::2])
    some, others = [{"id": "a", "text": "One."}], [{"id": "b", "text": "Two."}]
    for _ in range(2):
        ct.build(some, tmp_path / "index", recipe)
    with pytest.raises(ct.CorpusTunerError, match="1 of 1 document would be removed or replaced"):
        ct.build(others, tmp_path / "index", recipe)
    edited = [{"id": "a", "text": "Another."}]
    assert ct.build(edited, tmp_path / "index", recipe).changes.changed == 1
    assert ct.build(others, tmp_path / "index", recipe, sync=True).changes.removed == 1
    assert ct.build(some, tmp_path / "index", recipe, fresh=True).documents == 1


def test_languages_are_found_and_filtered(
    tmp_path: Path, run: Run, small: list[str], encoder: Any
) -> None:
    german = "Der Müller mahlt am Fluss das Korn der Bauern aus dem ganzen Tal, Sack um Sack {}."
    english = "The miller grinds the wheat of the farmers by the river, sack {} after sack."
    french = "Le meunier moud le blé des paysans au bord de la rivière, et ils en font du pain."
    texts = [german.format(number) for number in range(3)] + [english.format(0), english.format(1)]
    records: list[dict[str, Any]] = [
        *({"_id": str(number), "text": text} for number, text in enumerate(texts)),
        {"_id": "given", "text": "Brot.", "metadata": {"lang": "pt-BR"}},
        {"_id": "wrong", "text": english.format(2), "metadata": {"language": "Klingon"}},
    ]
    corpus, index = write_jsonl(tmp_path / "c.jsonl", records), tmp_path / "index"
    found = (*small, "--set", "language=auto")
    outcome = run("build", corpus, "-o", index, *found)
    assert "languages: de 42.9%, en 42.9%, pt 14.3%" in outcome.out
    assert "warning" not in outcome.out  # it is not known what this encoder reads
    more = write_jsonl(tmp_path / "more.jsonl", [{"_id": "x", "text": french}])
    assert "de 37.5%, en 37.5%, fr 12.5%, pt 12.5%" in run("index", "add", index, more).out
    languages = {"de": ["0", "1", "2"], "en": ["3", "4", "wrong"], "fr": ["x"], "pt": ["given"]}
    for _ in range(2):
        with ct.Searcher.open(index, encoder=encoder) as searcher:
            for code, ids in languages.items():
                hits = searcher.search("mill", filter={"language": code})
                assert sorted(hit.document.id for hit in hits) == ids
            assert searcher.fields["language"].types == {"text": 8}
            assert len(searcher.search("mill", filter={"language": {"exists": True}})) == 8
        ct.merge(index)
    run("index", "remove", index, "--filter", "language=de", "--yes")
    assert json.loads(run("info", index, "--json").out)["languages"] == {
        "en": 0.6,
        "fr": 0.2,
        "pt": 0.2,
    }
    assert "en 60%, fr 20%, pt 20%" in run("info", index).out


def test_patterns_and_what_is_left_out(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "notes"
    (folder / "drafts").mkdir(parents=True)
    for name in ("a.md", "b.txt", "drafts/c.md", "picture.png"):
        (folder / name).write_text("A mill by the river.", encoding="utf-8")
    include = ("--include", "*.md", "--include", "*.png", "--exclude", "drafts/")
    outcome = run("build", folder, "-o", tmp_path / "index", *include, *small)
    assert "1 document " in outcome.out
    assert f"1  files that no reader knows, .png: {folder}/picture.png" in outcome.out
    assert f"1  folders that the patterns leave out: {folder}/drafts" in outcome.out
    added = run("index", "add", tmp_path / "index", folder, "--exclude", "*.md")
    assert "1 added" in added.out


def test_a_first_sample(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(9))
    build = ("build", corpus, "-o", tmp_path / "index", *small)
    assert "built: 3 documents" in run(*build, "--limit", "3").out
    assert "6 added, 0 changed, 0 removed, 3 unchanged" in run(*build).err
    refused = run(*build, "--limit", "3")
    assert refused.code == 2
    said = " ".join(refused.err.split())
    assert "6 of 9 documents would be removed or replaced by the first 3 documents of" in said
    assert run(*build, "--limit", "0").code == 2


def test_a_changed_corpus_is_followed(
    index: Path, run: Run, tmp_path: Path, small: list[str]
) -> None:
    documents = make_documents(8)[1:]
    documents[2]["text"] = "Another text."
    corpus = write_jsonl(tmp_path / "changed.jsonl", documents)
    built = run("build", corpus, "-o", index, *small)
    assert "to do: 3 added, 1 changed, 2 removed, 3 unchanged" in built.err
    assert "3 added, 1 changed, 2 removed, 3 unchanged" in built.out
    assert "up to date" in run("build", corpus, "-o", index, *small).out
    fresh = json.loads(run("build", corpus, "-o", index, "--fresh", *small, "--json").out)
    assert fresh["changes"]["added"] == 7
    assert fresh["segments"] == 1


def test_a_damaged_index_can_be_built_again(index: Path, run: Run, small: list[str]) -> None:
    file = index / "segments" / "000001" / "views.faiss"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    (index / "segments" / ".DS_Store").touch()
    assert run("index", "check", index).code == 1
    assert run("build", index.parent / "c.jsonl", "-o", index, *small).code == 0
    assert run("index", "check", index).code == 0


def test_a_damaged_ledger(index: Path, run: Run, small: list[str], tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"no ledger" * 100)
    more = write_jsonl(tmp_path / "more.jsonl", make_documents(6))
    failed = run("build", more, "-o", index, "--ledger", tmp_path / "ledger", *small)
    assert failed.code == 2
    assert "not a ledger" in failed.err
    assert run("search", index, "mill").code == 0


def test_a_damaged_build_in_progress(index: Path, run: Run, small: list[str]) -> None:
    key = json.loads((index / "manifest.json").read_text(encoding="utf-8"))["build"]["key"]
    shutil.rmtree(index / "segments")
    (index / "manifest.json").unlink()
    (index / f"building-{key[:16]}").mkdir()
    (index / f"building-{key[:16]}" / "staging.sqlite").write_bytes(b"no database" * 100)
    failed = run("build", index.parent / "c.jsonl", "-o", index, *small)
    assert failed.code == 2
    assert "delete that folder" in failed.err


def test_two_builds_at_once(index: Path, run: Run, small: list[str], tmp_path: Path) -> None:
    from filelock import FileLock

    more = write_jsonl(tmp_path / "more.jsonl", make_documents(6))
    with FileLock(index / "writer.lock"):
        failed = run("build", more, "-o", index, *small)
    assert failed.code == 2
    assert "another process is at work" in failed.err
