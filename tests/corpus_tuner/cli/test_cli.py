"""The commands, as people and scripts use them."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus_tuner import __version__
from tests.conftest import Outcome, Quickstart, make_documents, write_jsonl

Run = Callable[..., Outcome]
LADDER = ["bm25", "passage", "mean", "views", "hybrid", "calibrated", "oracle", "oracle-2d"]


@pytest.fixture
def index(tmp_path: Path, run: Run, small: list[str]) -> Path:
    records = [
        {"_id": "mill", "title": "Mills [bold]", "text": "A mill by the river.\u009b31m Über."},
        *make_documents(5),
    ]
    corpus = write_jsonl(tmp_path / "c.jsonl", records)
    outcome = run("build", corpus, "--output", tmp_path / "index", *small)
    assert outcome.code == 0
    assert "built: 6 documents (en)" in outcome.out
    return tmp_path / "index"


def test_search_prints_a_table(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill river", "--k", "6")
    assert outcome.code == 0
    assert "Mills [bold]" in outcome.out
    assert "title: " in outcome.out or "passage: " in outcome.out
    assert "words 0.00" in outcome.out
    assert "\u009b" not in outcome.out


def test_search_prints_json(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill river", "--k", "2", "--json")
    found = json.loads(outcome.out)
    assert set(found) == {"query", "hits"}
    assert found["query"] == "mill river"
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    told = {"id", "rank", "score", "dense", "words", "dense_rank", "words_rank"}
    told |= {"title", "text", "metadata", "view", "matched"}
    assert set(found["hits"][0]) == told
    assert set(found["hits"][0]["view"]) == {"kind", "text", "maker", "support"}
    assert found["hits"][0]["matched"] is None
    explained = json.loads(run("search", index, "MILLS", "--k", "6", "--explain", "--json").out)
    (hit,) = (each for each in explained["hits"] if each["id"] == "mill")
    assert hit["matched"] == ["Mills", "mill"]


def test_search_explains(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill by the river", "--explain", "--mode", "hybrid")
    assert outcome.code == 0, outcome.err
    for told in ("Mills [bold]", "by vectors  rank", "by words  rank 1 (", "score: both brought"):
        assert told in outcome.out
    assert "\u009b" not in outcome.out
    alone = run("search", index, "mill by the river", "--explain", "--mode", "lexical").out
    assert "by vectors" not in alone


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
    assert [json.loads(line)["query"] for line in printed] == ["mill", "river über"]


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


def test_search_asks_again_and_again(
    index: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        *(":mode lexical", "mill river", ":open 1", ":open 99", ":k 2", ":explain", "über"),
        *(":filter year", ":mode psychic", "", ":quit", "never"),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    outcome = run("search", index)
    assert outcome.code == 0, outcome.err
    assert "id: mill" in outcome.out
    assert "there is no such hit" in outcome.out
    assert "by words  rank 1" in outcome.out
    assert "error: the filter 'year' is not like" in outcome.out
    assert ":mode dense " in outcome.out  # the help
    assert "never" not in outcome.out


def test_search_modes(index: Path, run: Run) -> None:
    found = {
        mode: json.loads(run("search", index, "river über", "--mode", mode, "--json").out)["hits"]
        for mode in ("hybrid", "dense", "lexical")
    }
    assert found["lexical"][0]["id"] == "mill"
    assert found["lexical"][0]["dense"] is None
    assert found["dense"][0]["words"] is None
    assert found["hybrid"][0]["dense"] and found["hybrid"][0]["words"]
    assert run("search", index, "river", "--mode", "magic").code == 2


def test_calibrate(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(60))
    options = ("-o", tmp_path / "i", "--set", "calibrate=false", *small)
    assert run("build", corpus, *options).code == 0
    before = json.loads(run("info", tmp_path / "i", "--json").out)
    assert before["calibration"] is None

    shown = run("calibrate", tmp_path / "i")
    assert shown.code == 0, shown.err
    assert "likeliest" in shown.out
    after = json.loads(run("info", tmp_path / "i", "--json").out)
    assert after["search"]["words"] == after["calibration"]["words"]
    assert "pseudo-queries" in run("info", tmp_path / "i").out
    again = json.loads(run("calibrate", tmp_path / "i", "--json").out)
    assert again == after["calibration"]
    assert run("calibrate", tmp_path / "nowhere").code == 2


def test_info(index: Path, run: Run) -> None:
    shown = run("info", index, "--verify")
    assert shown.code == 0
    for part in ("6 in 1 segment", "checksums right", "passage views", "representation mean"):
        assert part in shown.out
    manifest = json.loads(run("info", index, "--json").out)
    assert manifest["format"] == "corpus-tuner-index"
    assert manifest["segments"][0]["documents"] == 6
    assert manifest["build"]["counts"]["long_documents"] > 0


def test_a_second_build_is_up_to_date(index: Path, run: Run, small: list[str]) -> None:
    again = run("build", index.parent / "c.jsonl", "--output", index, *small)
    assert "up to date" in again.out


def test_bad_records_are_told(tmp_path: Path, run: Run, small: list[str]) -> None:
    path = write_jsonl(tmp_path / "c.jsonl", [*make_documents(3), {"_id": "x"}])
    skip = ("--on-bad-record", "skip")
    outcome = run("build", path, "--output", tmp_path / "index", *skip, *small)
    assert outcome.code == 0
    assert "1 text: missing, first" in outcome.out
    assert "c.jsonl:4" in outcome.out


def test_eval_measures_the_encoder_alone_beside_the_recipe(
    tmp_path: Path, run: Run, small: list[str]
) -> None:
    out = tmp_path / "out"
    outcome = run("eval", "--benchmark", "sample-en", "sample-de", "--output", out, *small)
    assert outcome.code == 0, outcome.err
    rows = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert [(row["benchmark"], row["system"]) for row in rows] == [
        (name, system) for name in ("sample-en", "sample-de") for system in LADDER
    ]
    assert [row["uses_labels"] for row in rows] == ["oracle" in name for name in LADDER] * 2
    assert "* chosen with the judgments" in outcome.out
    for row in rows:
        assert list(row["measures"]) == ["nDCG@10", "MRR@100", "Recall@100"]
        assert (row["documents"], row["queries"]) == (120, 60)
        assert 0 <= row["measures"]["nDCG@10"] <= 1
        run_file = out / "runs" / f"{row['benchmark']}.{row['system']}.trec"
        lines = len(run_file.read_text(encoding="utf-8").splitlines())
        by_words_alone = row["system"] == "bm25" or row["weights"].get("words") == 1
        assert lines == 60 * 100 or (by_words_alone and 60 < lines < 60 * 100)

    before = {path: path.read_bytes() for path in (out / "runs").iterdir()}
    again = run("eval", "-b", "sample-en", "-b", "sample-de", "-o", out, "--json", *small)
    assert [row["system"] for row in json.loads(again.out)] == LADDER * 2
    assert before == {path: path.read_bytes() for path in (out / "runs").iterdir()}


def test_eval_of_an_index_with_nothing_beside(tmp_path: Path, run: Run, small: list[str]) -> None:
    options = ("--set", "beside=[]", "--set", "calibrate=false", "--json")
    outcome = run("eval", "-b", "sample-en", "-o", tmp_path, *small, *options)
    assert outcome.code == 0, outcome.err
    systems = [row["system"] for row in json.loads(outcome.out)]
    assert systems == ["bm25", "views", "hybrid", "oracle", "oracle-2d"]


def test_eval_skips_what_a_benchmark_has_wrong(tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    write_jsonl(folder / "corpus.jsonl", [*make_documents(5), {"_id": "empty", "text": ""}])
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "mill"}\n', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("q\td1\t1\nr\td1\t1\n", encoding="utf-8")
    measures = ("--measure", "P@1", "--measure", "AP@100")
    outcome = run("eval", folder, "-o", tmp_path / "out", *measures, *small)
    assert outcome.code == 0, outcome.err
    assert "1 text: empty, and there is no title" in outcome.out
    assert "1 a judged query is missing" in outcome.out
    assert "AP@100" in outcome.out


def test_a_recipe_file(tmp_path: Path, run: Run, encoder_folder: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"encoder: {{name: '{encoder_folder}'}}\nlanguage: en\ngenerator: null\n"
        "representation: {name: passage, windows: all}\n",
        encoding="utf-8",
    )
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(9))
    options = ("--config", recipe, "--set", "views.title=false", "--json")
    report = json.loads(run("build", corpus, "-o", tmp_path / "i", *options).out)
    assert set(report["views"]) == {"passage", "sentence"}
    manifest = json.loads(run("info", tmp_path / "i", "--json").out)
    assert manifest["representation"] == "passage"
    rows = manifest["segments"][0]["rows"]
    assert set(rows) == {"passage", "mean"}
    assert rows["passage"] == report["views"]["passage"]


def test_all_recipes_in_the_project_are_valid() -> None:
    from corpus_tuner import load_settings

    recipes = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        load_settings(recipe)


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.strip() == f"corpus-tuner {__version__}"
    shown = run("--help")
    assert shown.code == 0
    for command in ("quickstart", "build", "calibrate", "search", "eval", "info"):
        assert command in shown.out


def test_quickstart(quickstart: Quickstart) -> None:
    rows = json.loads((quickstart.output / "metrics.json").read_text(encoding="utf-8"))
    reached = {(row["language"], row["system"]): row["measures"]["nDCG@10"] for row in rows}
    assert reached["en", "views"] > reached["en", "passage"] > 0.6
    for language in ("en", "de"):
        single = max(reached[language, system] for system in ("bm25", "passage", "views"))
        assert reached[language, "calibrated"] > single - 0.003
    words = {
        row["language"]: row["weights"]["words"] for row in rows if row["system"] == "calibrated"
    }
    assert words["de"] > words["en"]  # the embedded encoder reads English
    assert "the encoder alone has the first of these at rank" in quickstart.said
    assert "Ear" in quickstart.said
