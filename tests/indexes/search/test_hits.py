"""Hits say which ranker found them, and are shown as a table."""

import pickle
from pathlib import Path
from typing import Any, get_args

import pytest

from corpus_tuner import Searcher, SearchSettings
from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.search.hits import Hit, HitContents, Hits
from corpus_tuner.indexes.search.snippets import Snippet, choose_snippet
from corpus_tuner.indexes.store.search_settings import FEEDBACK, HybridWeights, Mode
from tests.indexes.indexing import build_index


def test_a_hit_tells_what_it_owes_to_every_ranker(tmp_path: Path, encoder: Any) -> None:
    index = build_index(tmp_path, encoder, 20)
    query = "the farmer and the old mill"
    with Searcher.open(index, encoder=encoder) as searcher:
        hits = {mode: searcher.search(query, 20, mode=mode) for mode in get_args(Mode)}
        alone = {
            name: searcher.search(
                query,
                20,
                mode="hybrid",
                settings=SearchSettings(hybrid=HybridWeights.from_ranker(name)),
            )
            for name in SearchSettings().hybrid_weights
            if name != FEEDBACK
        }
    assert [*hits["dense"][0].rankers] == ["passage", "views"]
    assert [*hits["lexical"][0].rankers] == ["words", "ngrams"]
    assert len(hits["hybrid"]) == 20 > len(hits["lexical"]) > 0
    for hit in (hit for found in hits.values() for hit in found):
        assert hit.score == pytest.approx(sum(own.part for own in hit.rankers.values()), abs=5e-6)
    for hit in hits["hybrid"]:
        assert [*hit.rankers] == [*SearchSettings().hybrid_weights]
        for name, others in alone.items():
            own = [other.score for other in others if other.document.id == hit.document.id]
            assert hit.rankers[name].score == (own[0] if own else 0)
            ranks = [1 + sum(other.score > score for other in others) for score in own]
            assert hit.rankers[name].rank == (ranks[0] if ranks else None)


def make_hit(text: str, probability: float | None = None, title: str = "") -> Hit:
    document = Document("mill", title, text)
    snippet = Snippet(text, 0, len(text))
    contents = HitContents(document, View("mill", "passage", text), snippet)
    return Hit(contents, 1, 0.25, probability, {})


def test_a_hit_is_shown_in_short() -> None:
    assert repr(make_hit("It grinds.")) == "Hit(1, 'mill', score=0.250)"
    shown = repr(make_hit("It grinds.", 0.5, "The old mill"))
    assert shown == "Hit(1, 'mill', 'The old mill', score=0.250, probability=0.500)"


def test_notebooks_show_a_table_whose_cells_are_escaped() -> None:
    html = Hits([make_hit("<b>It\n grinds.", 0.125, "a & b"), make_hit("x" * 500)])._repr_html_()
    assert html.count("<tr>") == 3
    assert "<td>&lt;b&gt;It grinds.</td><td>0.250</td><td>12.5%</td>" in html
    assert "<td>a &amp; b</td>" in html
    assert f"<td>{'x' * 159}…</td><td>0.250</td><td></td>" in html


def test_what_hits_show_is_chosen_when_it_is_first_used(
    tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build_index(tmp_path, encoder, 20)
    chosen: list[str] = []

    def count(document: Document, *values: Any, **named: Any) -> Snippet:
        chosen.append(document.id)
        return choose_snippet(document, *values, **named)

    monkeypatch.setattr("corpus_tuner.indexes.search.hits.choose_snippet", count)
    with Searcher.open(index, encoder=encoder) as searcher:
        found = searcher.search("the farmer and the old mill", 20)
        assert not chosen
        again = searcher.search("the farmer and the old mill", 20)
        assert pickle.loads(pickle.dumps(found[0])) == again[0]
    assert found == again
    assert [hit.passage for hit in found] == [hit.passage for hit in again]
    assert {*chosen} == {hit.document.id for hit in found}
    assert len(chosen) == 2 * len(found)
    assert found[0] != found[1]
