"""``corpus-tuner eval``."""

import io
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import make_documents, make_documents_with_topics, write_jsonl
from tests.eval.made_benchmark import make_benchmark

SYSTEMS = [
    *("bm25", "ngrams", "passage", "mean", "views"),
    *("default", "hybrid", "oracle", "oracle-all"),
]


@pytest.mark.slow
def test_eval_measures_the_encoder_alone_beside_the_recipe(
    tmp_path: Path, run: Run, small: list[str]
) -> None:
    out = tmp_path / "out"
    folders = [make_benchmark(tmp_path / name, documents=110) for name in ("one", "two")]
    for folder in folders:
        write_jsonl(folder / "corpus.jsonl", make_documents_with_topics(110))  # to be calibrated
    outcome = run("eval", *folders, "--output", out, *small)
    assert outcome.code == 0, outcome.err
    rows = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert [(row["benchmark"], row["system"]) for row in rows] == [
        (name, system) for name in ("one", "two") for system in SYSTEMS
    ]
    assert [row["uses_labels"] for row in rows] == ["oracle" in name for name in SYSTEMS] * 2
    assert "* oracle: chosen with the judgments, not a result" in outcome.out
    for row in rows:
        assert list(row["measures"]) == ["nDCG@10", "MRR@100", "Recall@100"]
        assert (row["documents"], row["queries"]) == (110, 12)
        assert 0 <= row["measures"]["nDCG@10"] <= 1
        run_file = out / "runs" / f"{row['benchmark']}.{row['system']}.trec"
        lines = len(run_file.read_text(encoding="utf-8").splitlines())
        shared = {"passage", "views"}.isdisjoint(row["weights"]) and row["system"] in (
            *("bm25", "ngrams", "hybrid", "oracle", "oracle-all"),
        )
        assert lines == 12 * 100 or (shared and 12 < lines < 12 * 100)

    before = {path: path.read_bytes() for path in (out / "runs").iterdir()}
    again = run("eval", *folders, "-o", out, "--json", *small)
    assert [row["system"] for row in json.loads(again.out)] == SYSTEMS * 2
    assert before == {path: path.read_bytes() for path in (out / "runs").iterdir()}


@pytest.mark.slow
def test_eval_of_an_index_with_nothing_beside(tmp_path: Path, run: Run, small: list[str]) -> None:
    options = ("--set", "baselines=[]", "--set", "calibrate=false", "--json")
    outcome = run("eval", "sample-en", "-o", tmp_path, *small, *options)
    assert outcome.code == 0, outcome.err
    systems = [row["system"] for row in json.loads(outcome.out)]
    assert systems == ["bm25", "ngrams", "views", "hybrid", "oracle", "oracle-all"]


def test_eval_skips_what_a_benchmark_has_wrong(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    write_jsonl(folder / "corpus.jsonl", [*make_documents(5), {"_id": "empty", "text": ""}])
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "mill"}\n', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("q\td1\t1\nr\td1\t1\n", encoding="utf-8")
    measures = ("--measure", "P@1", "--measure", "AP@100")
    outcome = run("eval", folder, "-o", tmp_path / "out", *measures, *small)
    assert outcome.code == 0, outcome.err
    assert "1  text: empty, and there is no title: " in outcome.out
    assert "a judged query is missing: 1" in outcome.out
    assert "AP@100" in outcome.out


def test_eval_of_an_index_by_two_files(
    index: Path, run: Run, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(index, tmp_path / "alone")  # no corpus anywhere near
    found = []
    for queries, qrels in (("q.jsonl", "beir.tsv"), ("q.tsv", "trec.qrels"), ("q.csv", "beir.tsv")):
        options = ("--queries", files[queries], "--qrels", files[qrels], "-o", tmp_path / "out")
        outcome = run("eval", "--index", tmp_path / "alone", *options, "--json")
        assert outcome.code == 0, outcome.err
        rows = json.loads(outcome.out)
        found.append({row["system"]: row["measures"] for row in rows})
        assert {"bm25", "passage", "views", "hybrid"} <= {*found[-1]}
        assert {row["documents"] for row in rows} == {6}
    assert found[0] == found[1] == found[2]

    given = io.TextIOWrapper(io.BufferedReader(io.BytesIO(files["q.tsv"].read_bytes())))
    monkeypatch.setattr("sys.stdin", given)
    piped = ("--queries", "-", "--qrels", files["beir.tsv"], "-o", tmp_path / "piped")
    outcome = run("eval", "--index", index, *piped, "--json")
    assert {row["system"]: row["measures"] for row in json.loads(outcome.out)} == found[0]
    # Runs and judgments lie there as trec_eval reads them.
    assert (tmp_path / "piped" / "runs" / "beir.qrels").read_text().splitlines() == [
        "q%201 0 mill 2",
        "q%202 0 d1 1",
        "q%202 0 d0 0",
    ]


def test_eval_of_an_index_by_a_folder_without_corpus(
    index: Path, run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    files["q.jsonl"].rename(folder / "queries.jsonl")
    files["beir.tsv"].rename(folder / "qrels" / "test.tsv")
    outcome = run("eval", folder, "--index", index, "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert "set" in outcome.out
    missing = run("eval", folder, "-o", tmp_path / "out")
    assert (missing.code, "set has no corpus.jsonl: name the index" in missing.err) == (2, True)
    needing = run("eval", folder, "--index", index, "-o", tmp_path, "--baseline", "encoder:nowhere")
    assert needing.code == 2
    assert "corpus-tuner index export INDEX FOLDER/corpus.jsonl" in " ".join(needing.err.split())


def test_eval_says_what_is_missing(
    index: Path, run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    with files["beir.tsv"].open("a", encoding="utf-8") as file:
        file.write("q 1\tgone 1\t1\nq 2\tgone 2\t1\nq 1\tmill\t1\nq 1\tmill\n")
    with files["q.jsonl"].open("a", encoding="utf-8") as file:
        file.write('{"_id": "q 3", "text": "rent"}\n')
    options = ("--queries", files["q.jsonl"], "--qrels", files["beir.tsv"], "-o", tmp_path / "out")
    outcome = run("eval", "--index", index, *options)
    assert outcome.code == 0, outcome.err
    for part in (
        "2 of 5 judged documents are not in the corpus, and cannot be found: 'gone 1', 'gone 2'",
        "1 query without judgments, not used: 'q 3'",
        "no default: hybrid has the default weights, not calibrated",
        f"judged otherwise above: 1, first {files['beir.tsv']}:7, field 'score'",
        f"not as many columns as the header: 1, first {files['beir.tsv']}:8",
    ):
        assert part in outcome.out, part
    strict = run("eval", "--index", index, *options, "--set", "corpus.on_bad_record=fail")
    assert (strict.code, "beir.tsv:7, field 'score'" in strict.err) == (2, True)

    text = files["beir.tsv"].read_text(encoding="utf-8")
    files["beir.tsv"].write_text(text.replace("mill", "MILL").replace("\td", "\tD"))
    outcome = run("eval", "--index", index, *options)
    assert outcome.code == 2
    assert "none of the 5 judged documents is in the corpus: 'MILL'" in outcome.err


def test_eval_says_why_systems_are_missing(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    write_jsonl(folder / "corpus.jsonl", make_documents(5))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "mill"}\n', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("q\td1\t1\n", encoding="utf-8")
    bare = ("--set", "lexical=null", "--set", "baselines=[]", *small)
    outcome = run("eval", folder, "-o", tmp_path / "out", *bare)
    assert outcome.code == 0, outcome.err
    assert "set: no bm25, ngrams and hybrid: the index has no lexical rankers" in outcome.out
    assert "set: nothing is compared with passage, which the index does not have" in outcome.out
    outcome = run("eval", folder, "-o", tmp_path / "out", "--set", "calibrate=false", *small)
    assert "no default: hybrid has the default weights, not calibrated" in outcome.out
    assert "(calibrate is false)" in outcome.out


def test_eval_of_queries_that_cannot_be_searched(
    index: Path, run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    bad = {"surrogate": "half \\ud83d of", "long": "x" * 100_001, "blank": " "}
    with files["q.jsonl"].open("a", encoding="utf-8") as file:
        for name, text in bad.items():
            file.write(f'{{"_id": "{name}", "text": "{text}"}}\n')
    with files["beir.tsv"].open("a", encoding="utf-8") as file:
        file.writelines(f"{name}\tmill\t1\n" for name in bad)
    options = ("--queries", files["q.jsonl"], "--qrels", files["beir.tsv"], "-o", tmp_path / "out")
    outcome = run("eval", "--index", index, *options)
    assert outcome.code == 0, outcome.err
    for reason, line in (("not UTF-8, or half", 3), ("longer than 100000", 4), ("missing or", 5)):
        assert re.search(rf"{reason}.*: 1, first .*q\.jsonl:{line}, field 'text'", outcome.out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--queries", "q.tsv", "--qrels", "x"), "--queries, --qrels and --index go together"),
        (("--index", "i", "--queries", "q.tsv"), "--queries, --qrels and --index go together"),
        (("sample-en", "--queries", "q", "--qrels", "x"), "replace a benchmark"),
        ((), "name at least one"),
    ],
)
def test_eval_options_that_do_not_go_together(
    run: Run, options: tuple[str, ...], message: str
) -> None:
    outcome = run("eval", *options)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())


def test_search_and_eval_of_ids_with_white_space(
    tmp_path: Path, run: Run, small: list[str]
) -> None:
    ids = ["My notes.md", "a%20b.md", "100% sure.md", "c#.md"]
    texts = ["the old mill", "a tenant pays the rent", "bread needs flour", "the engine and oil"]
    write_jsonl(
        tmp_path / "c.jsonl",
        [{"_id": id_, "text": text} for id_, text in zip(ids, texts, strict=True)],
    )
    assert run("build", tmp_path / "c.jsonl", "-o", tmp_path / "index", *small).code == 0
    (tmp_path / "q.tsv").write_text("".join(f"q {n}\t{text}\n" for n, text in enumerate(texts)))
    qrels = "".join(f"q {n}\t{id_}\t1\n" for n, id_ in enumerate(ids))
    (tmp_path / "j.tsv").write_text(qrels, encoding="utf-8")
    queries = ("--queries", tmp_path / "q.tsv")
    done = run("search", tmp_path / "index", *queries, "-o", tmp_path / "mine.trec")
    assert done.code == 0, done.err
    judged = ("--qrels", tmp_path / "j.tsv", "--measure", "P@1")
    shown = json.loads(
        run("compare", tmp_path / "mine.trec", *judged, "-o", tmp_path / "c", "--json").out
    )
    assert shown["results"][0]["measures"]["P@1"] == 1
    out = ("-o", tmp_path / "out", "--json")
    rows = json.loads(run("eval", "--index", tmp_path / "index", *queries, *judged, *out).out)
    assert {row["system"]: row["measures"]["P@1"] for row in rows}["bm25"] == 1
    files = (tmp_path / "out" / "runs" / "j.bm25.trec", tmp_path / "out" / "runs" / "j.qrels")
    again = run("compare", files[0], "--qrels", files[1], "--measure", "P_1", *out)
    assert json.loads(again.out)["results"][0]["measures"]["P_1"] == 1
