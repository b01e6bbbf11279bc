"""Filters: the documents that they should find, k where there are k, and no strange SQL."""

import json
import operator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner import Searcher, SearchIndexError, build, load_settings
from corpus_tuner.indexes.search.filters import compile_filter, has_field, parse_filters
from tests.conftest import make_documents, write_jsonl

YEARS = [2019, 2020, 2021.5, "2020", None, [2020, 2024]]
LANGUAGES = ["de", "en", ["de", "en"], True, {"of": "de"}]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Any:
    folder = tmp_path_factory.mktemp("filters")
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(60, seed=2)]
    for number, record in enumerate(records):
        record["year"] = YEARS[number % len(YEARS)]
        record["language"] = LANGUAGES[number % len(LANGUAGES)]
    write_jsonl(folder / "corpus.jsonl", records)
    chosen = ["generator=null", "views.sentences=4", "calibrate=false", "language=en"]
    build(folder / "corpus.jsonl", folder / "index", load_settings(None, chosen), encoder=encoder)
    with Searcher.open(folder / "index", encoder=encoder) as opened:
        yield opened


def by_hand(metadata: dict[str, Any], filter: dict[str, Any]) -> bool:
    """Tell whether a filter lets a document through."""
    for field, condition in filter.items():
        found: Any = metadata
        for part in field.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        values = found if isinstance(found, list) else [found]
        if isinstance(found, dict) or not any(holds(value, condition) for value in values):
            return False
    return True


def holds(value: Any, condition: Any) -> bool:
    if isinstance(condition, dict):
        tests = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
        return all(
            kind(value) == kind(bound) and tests[sign](value, bound)
            for sign, bound in condition.items()
        )
    wanted = condition if isinstance(condition, list) else [condition]
    return any(kind(value) == kind(choice) and value == choice for choice in wanted)


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else type(value).__name__


scalars = st.sampled_from([2019, 2020, 2021.5, 2020.0, "2020", "de", "en", True, False, "x"])
bounds = st.sampled_from([2019, 2020.5, "2020", "d", "e"])
ranges = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), bounds, min_size=1)
conditions = scalars | st.lists(scalars, max_size=3) | ranges
filters = st.dictionaries(
    st.sampled_from(["year", "language", "language.of", "nothing"]), conditions, max_size=2
)


@hypothesis_settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(filters, st.sampled_from(["dense", "hybrid", "lexical"]), st.integers(1, 70))
@example({"year": {"gt": 2020.5}}, "dense", 1)
def test_filtered_search_is_search_then_filter(
    searcher: Searcher, filter: dict[str, Any], mode: Any, k: int
) -> None:
    query = "the river valley and the old mill"
    hits = searcher.search(query, 100, mode="dense" if mode == "hybrid" else mode)
    expected = [hit.document.id for hit in hits if by_hand(dict(hit.document.metadata), filter)]
    found = [hit.document.id for hit in searcher.search(query, k, mode=mode, filter=filter)]
    if mode == "hybrid":  # scores are scaled over what may be found, so the order may differ
        assert set(found) <= set(expected)
        assert len(found) == min(k, len(expected))
    else:
        assert found == expected[:k]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"": 1}, "a filter's field is a name"),
        ({'a"]) --': 1}, "a filter's field is a name"),
        ({"a..b": 1}, "a filter's field is a name"),
        ({"year\n": 1}, "a filter's field is a name"),
        ({"year": None}, "'year' cannot compare with None"),
        ({"year": {"near": 3}}, "has 'near': there are gt, gte, lt, lte"),
        ({"year": {"": 3}}, "has '': there are gt, gte, lt, lte"),
        ({"year": {}}, "range for 'year' is empty"),
        ({"year": {"gt": True}}, "cannot compare with True"),
        ({"year": float("nan")}, "cannot compare with nan"),
        ({"year": 10**400}, "cannot compare"),
        ({"year": "\ud800"}, "cannot compare"),
        ({"year": list(range(2000))}, "more than 1000 values"),
        ({str(n): n for n in range(40)}, "at most 32 conditions"),
        (["year"], "maps fields to conditions"),
    ],
)
def test_what_is_no_filter(searcher: Searcher, filter: Any, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        searcher.search("mill", filter=filter)
    assert message in str(error.value)


def test_filters_as_people_type_them() -> None:
    assert parse_filters(["year>=2020", "year < 2024", "lang=de,en", 'code="7"', "open=true"]) == {
        "year": {"gte": 2020, "lt": 2024},
        "lang": ["de", "en"],
        "code": "7",
        "open": True,
    }
    assert parse_filters(["a = b=c", "odd!name=1"]) == {"a": "b=c", "odd!name": 1}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["year"], "is not like field=value"),
        (["=3"], "is not like field=value"),
        (["year="], "is not like field=value"),
        (["year= "], "is not like field=value"),
        (["year!=2020"], "has !=, which there is not"),
        (["year != 2020"], "has !=, which there is not"),
        (["a=1", "a=2"], "is there twice"),
        (["a=1", "a>2"], "has a value and a range"),
    ],
)
def test_what_cannot_be_read_as_a_filter(texts: list[str], message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        parse_filters(texts)
    assert message in str(error.value)


def test_a_compiled_filter_is_a_filter(searcher: Searcher) -> None:
    filter = {"year": {"gte": 2020}, "language": ["de", "en"]}
    condition = compile_filter(filter)
    assert condition == compile_filter(dict(filter))
    assert searcher.search("mill", filter=condition) == searcher.search("mill", filter=filter)


def test_which_documents_have_a_field(searcher: Searcher) -> None:
    segments = searcher.segments
    with_language = segments.matching(has_field("language.of"))
    assert len(with_language) == 12
    assert len(segments.matching(has_field("year"))) == 60  # null is a value, too
    assert not len(segments.matching(has_field("nothing")))
    with pytest.raises(SearchIndexError, match="a filter's field is a name"):
        has_field("a..b")


def test_on_the_command_line(searcher: Searcher, run: Any, tmp_path: Path) -> None:
    index = tmp_path / "index"
    records = [{"_id": str(n), "text": f"the mill number {n}", "year": 2000 + n} for n in range(9)]
    write_jsonl(tmp_path / "c.jsonl", records)
    options = ("--set", "generator=null", "--set", f"encoder.name={searcher.encoder.name}")
    assert run("build", tmp_path / "c.jsonl", "-o", index, *options).code == 0
    found = run("search", index, "mill", "--filter", "year>=2006", "--json")
    assert {hit["id"] for hit in json.loads(found.out)["hits"]} == {"6", "7", "8"}
    assert run("search", index, "mill", "--filter", "year").code == 2
