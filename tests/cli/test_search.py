"""``corpus-tuner search``, for one query and for a file of them."""

import json
import re
from pathlib import Path

import pytest

from corpus_tuner.indexes.store.search_settings import SearchSettings
from tests.cli.conftest import Run
from tests.conftest import edit_manifest, write_jsonl
from tests.rerankers.shortest import use_shortest


def test_search_prints_json(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill river", "--k", "2", "--json")
    found = json.loads(outcome.out)
    assert set(found) == {"query", "hits"}
    assert found["query"] == "mill river"
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    fields = {"id", "rank", "score", "rankers", "title", "text", "metadata", "view", "matched"}
    fields |= {"passage", "probability", "similar"}
    assert set(found["hits"][0]) == fields
    assert set(found["hits"][0]["rankers"]) == {*SearchSettings().hybrid_weights}
    assert set(found["hits"][0]["rankers"]["words"]) == {"score", "rank", "part"}
    assert set(found["hits"][0]["view"]) == {"kind", "text", "maker", "support"}
    assert found["hits"][0]["matched"] is None
    for hit in found["hits"]:
        passage = hit["passage"]
        assert hit["text"][passage["start"] : passage["end"]] == passage["text"]
        assert passage["text"] or not hit["text"]
    explained = json.loads(run("search", index, "MILLS", "--k", "6", "--explain", "--json").out)
    (hit,) = (hit for hit in explained["hits"] if hit["id"] == "mill")
    assert hit["matched"] == ["Mills", "mill"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"_id": "a", "text": "mill"}\n{"_id": 2, "text": "river über"}\n'),
        ("q.tsv", "a\tmill\n2\triver über\n"),
    ],
)
def test_search_writes_a_run(index: Path, run: Run, tmp_path: Path, name: str, text: str) -> None:
    queries = tmp_path / name
    queries.write_text(text, encoding="utf-8")
    out = tmp_path / "made" / "run.trec"
    outcome = run("search", index, "--queries", queries, "--output", out, "-k", "3")
    assert outcome.code == 0, outcome.err
    lines = [line.split() for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line[0], line[3]) for line in lines] == [(q, r) for q in "a2" for r in "123"]
    (hit, *_) = json.loads(run("search", index, "river über", "-k", "3", "--json").out)["hits"]
    assert lines[3][2] == hit["id"]
    printed = run("search", index, "--queries", queries, "--json", "-k", "1").out.splitlines()
    answers = [json.loads(line) for line in printed]
    assert [(answer["id"], answer["query"]) for answer in answers] == [
        ("a", "mill"),
        ("2", "river über"),
    ]
    assert [len(answer["hits"]) for answer in answers] == [1, 1]


def test_queries_line_by_line_and_bad_ones(index: Path, run: Run, tmp_path: Path) -> None:
    queries, out = tmp_path / "q.txt", tmp_path / "run.trec"
    queries.write_text("mill\n\nriver\n", encoding="utf-8")
    assert run("search", index, "--queries", queries, "-o", out, "-k", "1").code == 0
    assert [line.split()[0] for line in out.read_text("utf-8").splitlines()] == ["1", "3"]
    (tmp_path / "q.tsv").write_text("a\tmill\na\triver\n", encoding="utf-8")
    outcome = run("search", index, "--queries", tmp_path / "q.tsv", "-o", out)
    assert outcome.code == 2
    assert "q.tsv:2" in outcome.err
    assert "duplicate id" in outcome.err


@pytest.mark.parametrize(
    "options",
    [
        ("mill", "--queries", "q.txt", "--json"),
        ("mill", "--output", "run.trec"),
        ("--queries", "q.txt"),
        ("--queries", "q.txt", "--json", "--output", "run.trec"),
        ("--json",),
    ],
)
def test_search_options_that_do_not_go_together(
    index: Path, run: Run, options: tuple[str, ...]
) -> None:
    assert run("search", index, *options).code == 2


def test_search_modes(index: Path, run: Run) -> None:
    found = {
        mode: json.loads(run("search", index, "river über", "--mode", mode, "--json").out)["hits"]
        for mode in ("hybrid", "dense", "lexical")
    }
    assert found["lexical"][0]["id"] == "mill"
    rankers = {mode: {*hits[0]["rankers"]} for mode, hits in found.items()}
    assert rankers["lexical"] == {"words", "ngrams"}
    assert rankers["dense"] == {"passage", "views"}
    assert rankers["hybrid"] == {*SearchSettings().hybrid_weights}
    assert run("search", index, "river", "--mode", "magic").code == 2


def test_a_field_that_no_document_has_is_an_error(index: Path, run: Run, tmp_path: Path) -> None:
    queries = tmp_path / "q.txt"
    queries.write_text("mill\nriver\n", encoding="utf-8")
    for asked in (("mill",), ("mill", "--json"), ("--queries", queries, "--json")):
        outcome = run("search", index, *asked, "--filter", "yeer>=2020")
        assert outcome.code == 2
        assert outcome.out == ""
        assert "error: no document has the field 'yeer': there are id (text)" in outcome.err


def test_an_ignored_min_probability_is_a_note(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill", "--mode", "dense", "--min-probability", "0.9")
    assert outcome.code == 0
    assert "note: --min-probability is ignored" in outcome.err
    assert "Mills [bold]" in outcome.out


def test_filters_choose_what_is_found(encoder_folder: Path, run: Run, tmp_path: Path) -> None:
    index = tmp_path / "index"
    records = [{"_id": str(n), "text": f"the mill number {n}", "year": 2000 + n} for n in range(9)]
    write_jsonl(tmp_path / "c.jsonl", records)
    options = ("--set", "generator=null", "--set", f"encoder.name={encoder_folder}")
    assert run("build", tmp_path / "c.jsonl", "-o", index, *options).code == 0
    for typed, expected in {
        "year>=2006": {"6", "7", "8"},
        "year>=2006 AND year!=2007": {"6", "8"},
        "id=1,2 OR year>2007": {"1", "2", "8"},
    }.items():
        found = run("search", index, "mill", "--filter", typed, "--json")
        assert {hit["id"] for hit in json.loads(found.out)["hits"]} == expected
    for typed, message in {
        "year": "is not like field=value",
        "yeer=2006": "did you mean year (number)?",
        "year>abc": "the filter compares the field 'year' with text, \"abc\", and it has",
    }.items():
        for command in (("search", index, "mill"), ("index", "remove", index)):
            refused = run(*command, "--filter", typed)
            assert refused.code == 2
            assert message in refused.err
    assert "number in 9" in run("info", index).out
    fields = json.loads(run("info", index, "--json").out)["fields"]
    assert fields["year"] == {"documents": 9, "types": {"number": 9}}
    assert fields["id"] == {"documents": 9, "types": {"text": 9}}


def test_a_cut_file(index: Path, run: Run) -> None:
    file = index / "segments" / "000001" / "passage.faiss"
    file.write_bytes(file.read_bytes()[:-1])
    assert "should have" in run("search", index, "mill").err


@pytest.mark.parametrize(
    "name",
    ["passage.faiss", "views.faiss", "views.starts.npy", "words.keys.npy", "documents.sqlite"],
)
def test_a_missing_file(index: Path, run: Run, name: str) -> None:
    (index / "segments" / "000001" / name).unlink()
    failed = run("search", index, "mill")
    assert failed.code == 2
    assert "is missing" in failed.err


def test_a_newer_format(index: Path, run: Run) -> None:
    edit_manifest(index, version=99)
    assert "version 99" in run("search", index, "mill").err


def test_an_index_of_which_all_was_removed(index: Path, run: Run) -> None:
    edit_manifest(index, segments=[])
    found = run("search", index, "mill")
    assert found.code == 0
    assert "nothing was found" in found.out


def test_another_format(index: Path, run: Run) -> None:
    edit_manifest(index, format="cookbook")
    assert "not the manifest" in run("search", index, "mill").err


@pytest.mark.parametrize("name", ["../../etc", "/etc", "1"])
def test_a_manifest_that_leads_elsewhere(index: Path, run: Run, name: str) -> None:
    manifest = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    manifest["segments"][0]["name"] = name
    edit_manifest(index, **manifest)
    assert "cannot be" in run("search", index, "mill").err


def test_another_encoder_under_the_same_name(
    index: Path, run: Run, other_encoder_folder: Path
) -> None:
    manifest = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    manifest["encoder"]["settings"]["name"] = str(other_encoder_folder)
    edit_manifest(index, **manifest)
    assert "built with another encoder" in run("search", index, "mill").err


def test_an_encoder_that_is_gone(index: Path, run: Run) -> None:
    manifest = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    manifest["encoder"]["settings"]["name"] = "/nowhere/model"
    edit_manifest(index, **manifest)
    assert "cannot load the encoder" in run("search", index, "mill").err


def test_an_index_in_progress(index: Path, run: Run) -> None:
    (index / "manifest.json").unlink()
    (index / "building-0123456789abcdef").mkdir()
    assert "did not finish" in run("search", index, "mill").err


@pytest.mark.parametrize("query", ["", "  ", "x" * 100_001])
def test_queries_that_say_nothing_or_too_much(index: Path, run: Run, query: str) -> None:
    failed = run("search", index, query)
    assert failed.code == 2
    assert "the query" in failed.err


def test_search_notes_that_a_reranker_had_no_time(
    index: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_shortest(monkeypatch)

    def set_limit(seconds: float) -> None:
        search = {"hybrid": {"reranker": 1.0}, "reranker": {"name": "m", "seconds": seconds}}
        edit_manifest(index, search=SearchSettings.model_validate(search).model_dump())

    set_limit(60)
    shown = run("search", index, "mill", "--explain")
    assert "reranker +" in shown.out
    assert "reranker" not in shown.err
    assert re.search(r"reranker +m, of 30 documents", run("info", index).out)
    set_limit(1e-9)
    for options in ([], ["--json"]):
        shown = run("search", index, "mill", *options)
        assert "the reranker scored 0 of 6 documents" in " ".join(shown.err.split())
