"""Near-duplicates are one hit, wherever they are in the index; nothing else is left out."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from corpus_tuner import Document, Searcher, add, build, load_recipe, merge, remove
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.search.collapsing import MAX_SIMILAR
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.text.near_duplicates import compute_signature, find_near_duplicates
from corpus_tuner.text.passages import get_full_text
from tests.conftest import make_documents, write_jsonl
from tests.indexes.indexing import CHOSEN, Table, encoded, write_index

MODES = get_args(Mode)
MILL = "The old mill by the river grinds wheat for the village."


def list_ids(hits: list[Hit]) -> list[str]:
    return [hit.document.id for hit in hits]


@pytest.fixture
def index(tmp_path: Path, encoder: Any) -> Path:
    """An index with copies of some documents."""
    records = [
        *({"_id": f"mill{copy}", "title": "Mill", "text": MILL} for copy in "abcd"),
        {"_id": "shout", "title": "MILL", "text": f"{MILL.upper()}\n"},
        {"_id": "bakery", "title": "Mill", "text": MILL.replace("mill", "bakery")},
        *make_documents(20),
    ]
    records += [{**record, "_id": f"copy of {record['_id']}"} for record in records[6:16]]
    recipe = load_recipe(None, CHOSEN)
    build(write_jsonl(tmp_path / "c.jsonl", records), tmp_path / "i", recipe, encoder=encoder)
    return tmp_path / "i"


def collapse(hits: list[Hit], k: int) -> list[tuple[str, list[str]]]:
    """Fold hits one by one."""
    signatures = [compute_signature(get_full_text(hit.document)) for hit in hits]
    leaders: list[int] = []
    groups: list[list[str]] = []
    for number, hit in enumerate(hits):
        for leader, group in zip(leaders, groups, strict=True):
            if find_near_duplicates(signatures[leader][None], signatures[number][None])[0, 0]:
                group.append(hit.document.id)
                break
        else:
            if len(leaders) < k:
                leaders.append(number)
                groups.append([])
    return [(hits[leader].document.id, own) for leader, own in zip(leaders, groups, strict=True)]


@pytest.mark.parametrize("k", [1, 3, 8, 100])
@pytest.mark.parametrize("query", [MILL, "the farmer and the bridge"])
def test_hits_are_those_of_folding_one_by_one(
    index: Path, encoder: Any, query: str, k: int
) -> None:
    with Searcher.open(index, encoder=encoder) as searcher:
        every = searcher.search(query, 100, collapse=False)
        assert len(every) == len(searcher) == 36
        assert not any(hit.similar for hit in every)
        found = searcher.search(query, k)
    assert [(hit.document.id, [*hit.similar]) for hit in found] == collapse(every, k)
    assert [hit.rank for hit in found] == [*range(1, len(found) + 1)]
    by_id = {hit.document.id: hit for hit in every}
    for hit in found:
        assert (hit.score, hit.rankers) == (
            by_id[hit.document.id].score,
            by_id[hit.document.id].rankers,
        )


@pytest.mark.parametrize("mode", MODES)
def test_copies_are_one_hit_and_the_next_ones_follow(index: Path, encoder: Any, mode: Mode) -> None:
    with Searcher.open(index, encoder=encoder) as searcher:
        hits = searcher.search(MILL, 5, mode=mode)
        assert len(hits) == 5
        (group,) = [hit for hit in hits if hit.document.text.lower().strip() == MILL.lower()]
        members = {group.document.id, *group.similar}
        assert members == {"milla", "millb", "millc", "milld", "shout"}
        assert "bakery" in list_ids(hits)  # another word in a short text
        (ranking,) = searcher.rank([MILL], 100, mode=mode)
        assert {id_ for id_, _ in ranking} >= members


def test_filters_and_deletions_show_the_others_of_a_group(index: Path, encoder: Any) -> None:
    with Searcher.open(index, encoder=encoder) as searcher:
        (hit,) = searcher.search(MILL, 1, filter={"id": ["millc", "milld"]})
        assert (hit.document.id, hit.similar) == ("millc", ("milld",))
    remove(index, ["milla", "shout"])
    add(index, [Document("mill0", "Mill", f"  {MILL}")], encoder=encoder)
    for _ in range(2):
        with Searcher.open(index, encoder=encoder) as searcher:
            (hit,) = searcher.search(MILL, 1)
            assert (hit.document.id, hit.similar) == ("mill0", ("millb", "millc", "milld"))
        merge(index)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("segments", [1, 3])
def test_more_copies_than_candidates(tmp_path: Path, mode: Mode, segments: int) -> None:
    """Copies that do not tie fill all the lists; the search goes deeper until there are others."""
    words = " ".join(f"w{number}" for number in range(200))
    vectors = np.ones((1, 3), np.float32)
    documents = [
        encoded(number, f"mill {words} {'mill ' * (number % 7)}", vectors * (3 + number / 400))
        for number in range(300)
    ]
    documents += [
        encoded(300 + number, f"mill number{number} {number}", vectors) for number in range(8)
    ]
    write_index(tmp_path, documents, lexical=LexicalSettings(), segments=segments)
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        hits = searcher.search("mill", 6, mode=mode)
        assert len(hits) == 6
        groups = [len(hit.similar) for hit in hits]
        assert sorted(groups)[:-1] == [0] * 5
        assert max(groups) == MAX_SIMILAR
        assert searcher.search("mill", 6, mode=mode, min_probability=0) == hits
        assert len(searcher.search("mill", 20, mode=mode)) == 9


def test_the_title_tells_short_texts_apart(tmp_path: Path, encoder: Any) -> None:
    long = " ".join(f"w{number}" for number in range(200))
    documents = [
        Document("open", "Opening hours", "See the notice at the door."),
        Document("fees", "Fees", "See the notice at the door."),
        Document("again", "FEES", "see the notice at the door"),
        Document("draft", "Draft", long),
        Document("final", "Final report", long),
    ]
    build(documents, tmp_path / "index", load_recipe(None, CHOSEN), encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as searcher:
        hits = searcher.search("notice at the door", 5)
    groups = sorted(sorted([hit.document.id, *hit.similar]) for hit in hits)
    assert groups == [["again", "fees"], ["draft", "final"], ["open"]]
