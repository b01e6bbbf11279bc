"""Whatever people may give the command line by mistake: a clear error, never a traceback."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError, build, load_recipe
from tests.conftest import Outcome, edit_manifest, make_documents, write_jsonl

Run = Callable[..., Outcome]
GOOD = b'{"_id": "a", "text": "A mill by the river."}\n'

# Name of the file, its bytes, and what the message must say.
RECORDS: dict[str, tuple[str, bytes, list[str]]] = {
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

# These are wrong as a whole: there is nothing to skip.
FILES: dict[str, tuple[str, bytes, list[str]]] = {
    "empty file": ("c.jsonl", b"", ["c.jsonl", "no document"]),
    "blank lines only": ("c.jsonl", b"\n\n  \n", ["c.jsonl", "no document"]),
    "cut gzip file": (
        "c.jsonl.gz",
        gzip.compress(b"".join(GOOD.replace(b"a", b"%d" % n, 1) for n in range(9)))[:-20],
        ["c.jsonl.gz", "cut or damaged"],
    ),
    "gzip in name only": ("c.jsonl.gz", GOOD[:20], ["broken JSON"]),
    "unknown kind": ("c.xyz", b"%PDF-1.7", ["no known kind", ".jsonl"]),
    "damaged PDF": ("c.pdf", b"%PDF-1.7", ["c.pdf: damaged"]),
    "damaged spreadsheet": ("c.xlsx", b"PK no", ["cannot read", "c.xlsx"]),
    "table without header": ("c.csv", b"", ["empty", "name the columns"]),
    "header twice": ("c.csv", b"id,text,text\na,b,c\n", ["c.csv:1", "header"]),
    "open quote in the header": ("c.csv", b'id,"text\na,b\n', ["c.csv:1", "name the columns"]),
    "table without a text": ("c.csv", b"id,name\na,b\n", ["c.csv:2", "missing", "'name'"]),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_bad_record_is_named_and_can_be_skipped(
    kind: str, tmp_path: Path, run: Run, small: list[str]
) -> None:
    name, data, said = RECORDS[kind]
    (tmp_path / name).write_bytes(data)
    failed = run("build", tmp_path / name, "--output", tmp_path / "index", *small)
    assert failed.code == 2
    for part in [*said, "--on-bad-record skip"]:
        assert part in failed.err
    assert "Traceback" not in failed.err
    assert not (tmp_path / "index" / "manifest.json").exists()

    skip = ("--on-bad-record", "skip", "--json")
    passed = run("build", tmp_path / name, "--output", tmp_path / "index", *skip, *small)
    assert passed.code == 0, passed.err
    report = json.loads(passed.out)
    assert sum(report["skipped"].values()) == 1
    assert list(report["skipped"]) == list(report["examples"])


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_an_error(kind: str, tmp_path: Path, run: Run, small: list[str]) -> None:
    name, data, said = FILES[kind]
    (tmp_path / name).write_bytes(data)
    failed = run("build", tmp_path / name, "--output", tmp_path / "index", *small)
    assert failed.code == 2
    for part in said:
        assert part in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "nowhere.jsonl", "-o", "index"], "no corpus at nowhere.jsonl"),
        (["build", "empty", "-o", "index"], "neither a corpus.jsonl nor"),
        (["build", "c.jsonl"], "--output"),
        (["build", "c.jsonl", "-o", "c.jsonl"], "is a file"),
        (["build", "c.jsonl", "-o", "full"], "has other contents"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder"], "stage.key=value"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.name=[x"], "not YAML"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.nam=x"], "is it 'name'?"),
        (["build", "c.jsonl", "-o", "index", "--set", "language.x=y"], "language"),
        (["build", "c.jsonl", "-o", "index", "--set", "search.hybrid.words=-1"], "hybrid.words"),
        (["build", "c.jsonl", "-o", "index", "--set", "generator.name=gpt"], "extractive, seq2seq"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.name=./no"], "encoder './no'"),
        (
            [
                *("build", "c.jsonl", "-o", "index"),
                *("--set", "generator={name: seq2seq, model: ./no}"),
            ],
            "generator './no'",
        ),
        (["build", "c.jsonl", "-o", "index", "--config", "no.yaml"], "recipe no.yaml"),
        (["build", "c.jsonl", "-o", "index", "--config", "bad.yaml"], "bad.yaml:2: encoder.nam"),
        (["build", "c.jsonl", "-o", "index", "--config", "broken.yaml"], "not YAML"),
        (["build", "c.jsonl", "-o", "index", "--config", "list.yaml"], "mapping of keys"),
        (["build", "c.jsonl", "-o", "index", "--on-bad-record", "ask"], "ask"),
        (["build", "c.jsonl", "-o", "index", "--set", "instructions=bad.yaml"], "no template"),
        (["build", "c.jsonl", "-o", "index", "--set", "instructions=asks.yaml"], "has: author"),
        (["search", "nowhere", "mill"], "not an index"),
        (["search", "empty", "mill"], "not an index"),
        (["search", "index", "mill", "--k", "0"], "--k"),
        (["search", "index", "--queries", "queries.txt"], "--output RUN"),
        (["info", "nowhere"], "not an index"),
        (["eval"], "--benchmark"),
        (["eval", "--benchmark", "nowhere"], "eval --list shows"),
        (["eval", "--benchmark", "sample-en", "sample-en"], "same name"),
        (["eval", "--benchmark", "ir_datasets:no/such"], "no/such"),
        (["eval", "-b", "sample-en", "--measure", "fame"], "no measure is called 'fame'"),
        (["build", "c.jsonl", "-o", "index", "--set", "encoder.max_tokens=99"], "64 positions"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_bad_arguments(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    run: Run,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.jsonl").write_bytes(GOOD)
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full", "thesis.txt").write_text("mine", encoding="utf-8")
    Path("bad.yaml").write_text("encoder:\n  nam: builtin\n", encoding="utf-8")
    Path("broken.yaml").write_text("encoder: [", encoding="utf-8")
    Path("list.yaml").write_text("- encoder\n", encoding="utf-8")
    Path("asks.yaml").write_text("keywords: '{text} by {author}'\n", encoding="utf-8")
    if "instructions" in said or "template" in said or "author" in said:
        small = small[:2] + small[4:]  # with a generator
    if arguments[0] == "build":
        arguments = ["build", *small, *arguments[1:]]
    failed = run(*arguments)
    assert failed.code == 2, failed
    assert said in failed.err
    assert "Traceback" not in failed.err
    assert Path("full", "thesis.txt").read_text(encoding="utf-8") == "mine"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, small: list[str]) -> Path:
    """A folder with a corpus, ``c.jsonl``, and its ``index``."""
    folder = tmp_path_factory.mktemp("built")
    corpus = write_jsonl(folder / "c.jsonl", make_documents(5))
    build(corpus, folder / "index", load_recipe(None, small[1::2]))
    return folder


@pytest.fixture
def index(tmp_path: Path, built: Path) -> Path:
    """A copy, to be damaged."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / "index"


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


@pytest.mark.parametrize(
    "name", ["views.faiss", "views.views.npy", "words.counts.npy", "documents.sqlite"]
)
def test_a_changed_file(index: Path, run: Run, name: str) -> None:
    file = index / "segments" / "000001" / name
    data = bytearray(file.read_bytes())
    data[:64] = bytes(64)
    file.write_bytes(data)
    failed = run("search", index, "mill")
    assert (failed.code, "damaged" in failed.err) == (2, True), failed
    assert "wrong SHA-256" in run("index", "check", index).out


def test_a_newer_format(index: Path, run: Run) -> None:
    edit_manifest(index, version=99)
    assert "version 99" in run("search", index, "mill").err


def test_an_index_of_which_all_was_removed(index: Path, run: Run) -> None:
    edit_manifest(index, segments=[])
    found = run("search", index, "mill")
    assert found.code == 0
    assert "nothing was found" in found.out


def test_a_damaged_index_can_be_built_again(index: Path, run: Run, small: list[str]) -> None:
    file = index / "segments" / "000001" / "views.faiss"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    (index / "segments" / ".DS_Store").touch()
    assert run("index", "check", index).code == 1
    assert run("build", index.parent / "c.jsonl", "-o", index, *small).code == 0
    assert run("index", "check", index).code == 0


def test_another_format(index: Path, run: Run) -> None:
    edit_manifest(index, format="cookbook")
    assert "not the manifest" in run("search", index, "mill").err


def test_a_broken_manifest(index: Path, run: Run) -> None:
    (index / "manifest.json").write_text("{", encoding="utf-8")
    failed = run("info", index)
    assert failed.code == 2
    assert "damaged" in failed.err


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


def test_an_unfinished_index(index: Path, run: Run) -> None:
    (index / "manifest.json").unlink()
    (index / "building-0123456789abcdef").mkdir()
    assert "did not finish" in run("search", index, "mill").err


@pytest.mark.parametrize("query", ["", "  ", "x" * 100_001])
def test_queries_that_say_nothing_or_too_much(index: Path, run: Run, query: str) -> None:
    failed = run("search", index, query)
    assert failed.code == 2
    assert "the query" in failed.err


def test_an_unknown_representation(index: Path, run: Run) -> None:
    failed = run("search", index, "mill", "--representation", "sum")
    assert failed.code == 2
    assert "it has: mean, passage, views" in failed.err


def test_a_damaged_ledger(index: Path, run: Run, small: list[str], tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"no ledger" * 100)
    more = write_jsonl(tmp_path / "more.jsonl", make_documents(6))
    failed = run("build", more, "-o", index, "--ledger", tmp_path / "ledger", *small)
    assert failed.code == 2
    assert "not a ledger" in failed.err
    assert run("search", index, "mill").code == 0


def test_a_damaged_unfinished_build(index: Path, run: Run, small: list[str]) -> None:
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


BENCHMARKS: dict[str, tuple[dict[str, str], str]] = {
    "two columns": ({"qrels/test.tsv": "q\td\n"}, "not three columns"),
    "grade is a word": ({"qrels/test.tsv": "q\td\t1\nq\te\tgood\n"}, "not a whole number"),
    "judged twice": ({"qrels/test.tsv": "q\td\t1\nq\td\t2\n"}, "judged otherwise above"),
    "unknown query": ({"qrels/test.tsv": "q\td\t1\nr\td\t1\n"}, "a judged query is missing"),
    "query is empty": ({"queries.jsonl": '{"_id": "q", "text": ""}\n'}, "missing or empty"),
    "query twice": ({"queries.jsonl": '{"_id": "q", "text": "x"}\n' * 2}, "duplicate id"),
    "query without id": ({"queries.jsonl": '{"text": "x"}\n'}, "_id"),
    "broken queries": ({"queries.jsonl": "{\n"}, "broken JSON"),
    "nothing judged": ({"qrels/test.tsv": "query-id\tcorpus-id\tscore\n"}, "has no judgments"),
}


@pytest.mark.parametrize("kind", BENCHMARKS)
def test_bad_benchmarks(kind: str, tmp_path: Path, run: Run, small: list[str]) -> None:
    files, said = BENCHMARKS[kind]
    write_jsonl(tmp_path / "corpus.jsonl", make_documents(3))
    (tmp_path / "qrels").mkdir()
    usual = {"qrels/test.tsv": "q\td0\t1\n", "queries.jsonl": '{"_id": "q", "text": "x"}\n'}
    for name, text in (usual | files).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    strict = ("--on-bad-record", "fail")
    failed = run("eval", "-b", tmp_path, "-o", tmp_path / "out", *strict, *small)
    assert failed.code == 2, failed
    assert said in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.parametrize("kept", [40, -20])
def test_a_damaged_corpus_is_an_error_of_the_corpus(
    kept: int, tmp_path: Path, encoder_folder: Path
) -> None:
    path = tmp_path / "c.jsonl.gz"
    rows = "".join(f"{json.dumps(document)}\n" for document in make_documents(60))
    path.write_bytes(gzip.compress(rows.encode())[:kept])
    assignments = ["generator=null", "language=en", f"encoder.name={encoder_folder}"]
    with pytest.raises(CorpusTunerError, match="cut or damaged"):
        build(path, tmp_path / "index", load_recipe(None, assignments))
