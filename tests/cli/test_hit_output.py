"""Output of hits: snippets, and explanations of scores."""

import json
from itertools import pairwise
from pathlib import Path

from corpus_tuner import build, load_recipe
from tests.cli.conftest import Run
from tests.conftest import write_jsonl


def test_search_prints_three_lines_a_hit(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill river", "--k", "6")
    assert outcome.code == 0
    assert "Mills [bold]" in outcome.out
    lines = outcome.out.strip().splitlines()
    heads = [number for number, line in enumerate(lines) if line[:2].strip().isdigit()]
    assert len(heads) == 6
    assert all(1 <= end - start <= 3 for start, end in pairwise([*heads, len(lines)]))
    assert "\u009b" not in outcome.out
    query, *hits = outcome.out.strip().splitlines()
    assert query.startswith("query  mill river")
    assert len(hits) <= 3 * 6


def test_search_explains(index: Path, run: Run) -> None:
    outcome = run("search", index, "mill by the river", "--explain", "--mode", "hybrid")
    assert outcome.code == 0, outcome.err
    for part in ("Mills [bold]", "adds   passage +", "rank   passage ", "words 1 ", "on one scale"):
        assert part in outcome.out
    assert "\u009b" not in outcome.out
    alone = run("search", index, "mill by the river", "--explain", "--mode", "lexical").out
    assert "passage +" not in alone


def test_improbable_hits_are_dimmed() -> None:
    from corpus_tuner.cli.hit_output import _choose_style, _format_head
    from corpus_tuner.core.documents import Document, View
    from corpus_tuner.indexes.search.hits import Hit, HitContents
    from corpus_tuner.indexes.search.snippets import Snippet

    def shown(probability: float | None) -> tuple[str, str]:
        document = Document("mill", "Mill", "It grinds.")
        view = View("mill", "passage", "It grinds.")
        contents = HitContents(document, view, Snippet("It grinds.", 0, 10))
        hit = Hit(contents, 1, 2.0, probability, {})
        return _choose_style(hit), _format_head(hit).plain.rpartition("  ")[2]

    assert shown(None) == ("", "2.000")
    assert shown(0.01) == ("", "1%")
    assert shown(0.0099) == ("dim", "<1%")
    assert shown(0) == ("dim", "<1%")


def test_near_duplicates_are_counted_with_their_hit(
    tmp_path: Path, small: list[str], run: Run
) -> None:
    text = "A mill by the river."
    records = [{"_id": id_, "text": text} for id_ in "abc"]
    write_jsonl(tmp_path / "c.jsonl", [*records, {"_id": "other", "text": "Bread and the mill."}])
    index = tmp_path / "index"
    build(tmp_path / "c.jsonl", index, load_recipe(None, small[1::2]))
    found = run("search", index, text, "--mode", "lexical").out
    assert found.count("and 2 like it") == 1
    assert "and 2 like it" in run("search", index, text, "--explain").out
    (first, _) = json.loads(run("search", index, text, "--json").out)["hits"]
    assert (first["id"], first["similar"]) == ("a", ["b", "c"])
    every = json.loads(run("search", index, text, "--json", "--no-collapse").out)["hits"]
    assert sorted(hit["id"] for hit in every) == ["a", "b", "c", "other"]
    assert not any(hit["similar"] for hit in every)
    (tmp_path / "q.tsv").write_text(f"q\t{text}\n", encoding="utf-8")
    run("search", index, "--queries", tmp_path / "q.tsv", "--output", tmp_path / "run.trec")
    assert len((tmp_path / "run.trec").read_text(encoding="utf-8").splitlines()) == 4


def test_headings_follow_the_title(run: Run, tmp_path: Path, encoder_folder: Path) -> None:
    text = "The mill stands by the river. " * 20
    manual = tmp_path / "manual"
    manual.mkdir()
    pages = f"# Mill\n\n{text}\n\n## Wheel\n\n{text}\n\n### Of [bold] wood\n\nThe wheel. {text}"
    (manual / "mill.md").write_text(pages, encoding="utf-8")
    chosen = ["--encoder", encoder_folder, "--set", "calibrate=false", "--set", "generator=null"]
    assert run("build", manual, "--output", tmp_path / "index", *chosen).code == 0
    outcome = run("search", tmp_path / "index", "wood", "--mode", "lexical")
    assert "Mill > Wheel > Of [bold] wood  mill.md" in outcome.out
