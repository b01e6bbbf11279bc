"""Filters: the documents that they should find, k where there are k, and errors that say why."""

import json
import operator
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner import Searcher, SearchIndexError, build, load_settings, merge, remove
from corpus_tuner.indexes.search.filters import compile_filter, parse_filters
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.store.fields import Field
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import Segments, fields_of
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.indexes.indexing import write_index

YEARS = [2019, 2020, 2021.5, "2020", None, [2020, 2024]]
LANGUAGES = ["de", "en", ["de", "en"], True, {"of": "de"}]
COMPARED = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
Metadata = dict[str, Any]


def values_of(id_: str, metadata: Metadata, field: str) -> list[Any]:
    """All values that a document has in a field."""
    found: Any = {**metadata, "id": id_}
    for part in field.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, list) else [found]


def passes(id_: str, metadata: Metadata, filter: dict[str, Any]) -> bool:
    """Tell whether a filter lets a document through."""
    held = []
    for key, value in filter.items():
        if key in ("and", "or"):
            parts = [passes(id_, metadata, part) for part in value]
            held.append(all(parts) if key == "and" else any(parts))
        elif key == "not":
            held.append(not passes(id_, metadata, value))
        else:
            held.append(holds(values_of(id_, metadata, key), value))
    return all(held)


def holds(values: list[Any], condition: Any) -> bool:
    if not isinstance(condition, dict):
        wanted = condition if isinstance(condition, list) else [condition]
        return any(kind(value) == kind(one) and value == one for value in values for one in wanted)
    asked = dict(condition)
    if "exists" in asked and asked.pop("exists") != any(value is not None for value in values):
        return False
    if "ne" in asked and holds(values, asked.pop("ne")):
        return False
    return not asked or any(
        all(in_range(value, sign, bound) for sign, bound in asked.items()) for value in values
    )


def in_range(value: Any, sign: str, bound: Any) -> bool:
    if kind(value) != kind(bound):
        return False
    if sign == "prefix":
        return bool(value.startswith(bound))
    if isinstance(bound, str) and re.fullmatch(r"\d{4}(-\d\d){0,2}", bound):
        value = value[: len(bound)]
    return bool(COMPARED[sign](value, bound))


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else type(value).__name__


texts = st.sampled_from(
    ["2020", "2024-05", "2024-05-03", "2024-06-01T10:00", "de", "d", "e", "é", "𝄞", 'a"b', ""]
)
numbers = st.sampled_from([2019, 2020, 2020.0, 2020.5, 0.1, -1, 2**63, 2**53 + 1])
scalars = texts | numbers | st.booleans()
stored = st.recursive(
    scalars | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["of", "b"]), inner, max_size=2)
    ),
    max_leaves=4,
)
metadata = st.dictionaries(st.sampled_from(["a", "b", "a b"]), stored, max_size=3)
operators = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(COMPARED, texts | numbers),
        "ne": scalars | st.lists(scalars, max_size=3),
        "prefix": texts.filter(bool),
        "exists": st.booleans(),
    },
).filter(bool)
ids = st.sampled_from(["d0", "d1", "d", "x"])
flat = st.dictionaries(
    st.sampled_from(["a", "b", "a b", "a.of"]),
    scalars | st.lists(scalars, max_size=3) | operators,
    max_size=2,
) | st.fixed_dictionaries({"id": ids | st.lists(ids) | st.fixed_dictionaries({"prefix": ids})})
nested = st.recursive(
    flat,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "and": st.lists(inner, min_size=1, max_size=3),
            "or": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
        },
    ),
    max_leaves=5,
)
EVERY_TYPE = {name: [1, "x", True] for name in ("a b", "b")} | {"a": {"of": [1, "x", True]}}


def written(folder: Path, every: list[Metadata], segments: int = 1) -> Segments:
    """Documents d0, d1, ... with this metadata."""
    vectors = np.eye(1, 3, dtype=np.float32)
    documents = [
        EncodedDocument(
            Document(f"d{number}", "", "text", one), [View(f"d{number}", "passage", "x")], vectors
        )
        for number, one in enumerate(every)
    ]
    return Segments.of(folder, write_index(folder, documents, segments=segments))


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.lists(metadata, max_size=5), st.lists(nested, min_size=1, max_size=8))
def test_the_same_documents_pass_as_by_hand(
    some: list[Metadata], filters: list[dict[str, Any]]
) -> None:
    every: list[Metadata] = [*some, EVERY_TYPE, {"a": [1, "x", True]}]  # so no type is a mistake
    with tempfile.TemporaryDirectory() as folder, closing(written(Path(folder), every, 2)) as found:
        for filter in filters:
            expected = [n for n, one in enumerate(every) if passes(f"d{n}", one, filter)]
            assert found.matching(compile_filter(filter)).tolist() == expected, filter


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Searcher]:
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


searched = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from([2019, 2020, [2020, "2020"], {"gte": 2020.5}, {"ne": 2020}]),
        "language": st.sampled_from(["de", ["en", True], {"exists": True}]),
        "or": st.just([{"year": 2019}, {"language.of": "de"}]),
    },
)


@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(searched, st.sampled_from(["dense", "hybrid", "lexical"]), st.integers(1, 70))
@example({"year": {"gt": 2020.5}}, "dense", 1)
def test_filtered_search_is_search_then_filter(
    searcher: Searcher, filter: dict[str, Any], mode: Any, k: int
) -> None:
    query = "the river valley and the old mill"
    hits = searcher.search(query, 100, mode="dense" if mode == "hybrid" else mode)
    expected = [
        hit.document.id
        for hit in hits
        if passes(hit.document.id, dict(hit.document.metadata), filter)
    ]
    found = [hit.document.id for hit in searcher.search(query, k, mode=mode, filter=filter)]
    if mode == "hybrid":  # scores are scaled over what may be found, so the order may differ
        assert set(found) <= set(expected)
        assert len(found) == min(k, len(expected))
    else:
        assert found == expected[:k]


def nest(depth: int, wrap: Callable[[Any], Any]) -> Any:
    filter: Any = {"year": 2020}
    for _ in range(depth):
        filter = wrap(filter)
    return filter


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"": 1}, "a filter's field is a name"),
        ({'a"]) --': 1}, "a filter's field is a name"),
        ({"a..b": 1}, "a filter's field is a name"),
        ({"year\n": 1}, "a filter's field is a name"),
        ({"\ud800": 1}, "a filter's field is a name"),
        ({"year": None}, "'year' cannot compare with None"),
        ({"year": {"near": 3}}, "'near': there are gt, gte, lt, lte, ne, prefix, exists; a value"),
        ({"year": {"": 3}}, "has the operator ''"),
        ({"year": {}}, "the filter for 'year' has no operator"),
        ({"year": {"gt": True}}, "cannot compare with True"),
        ({"year": {"ne": {"gt": 3}}}, "cannot compare with {'gt': 3}"),
        ({"year": {"prefix": ""}}, "prefix for 'year' must be text"),
        ({"year": {"prefix": 20}}, "prefix for 'year' must be text, not 20"),
        ({"year": {"exists": 1}}, "'exists' for 'year' is true or false, not 1"),
        ({"year": float("nan")}, "cannot compare with nan"),
        ({"year": 10**400}, "cannot compare"),
        ({"year": "\ud800"}, "cannot compare"),
        ({"year": list(range(1001))}, "more than 1000 values"),
        ({str(n): n for n in range(33)}, "at most 32 conditions"),
        ({"or": [{"year": n} for n in range(33)]}, "at most 32 conditions"),
        (["year"], "maps fields to conditions"),
        ({"or": {"year": 1}}, "'or' takes a list of filters"),
        ({"or": []}, "'or' takes a list of filters"),
        ({"not": [{"year": 1}]}, "maps fields to conditions"),
        (nest(8, lambda inner: {"not": inner}), "more than 8 deep"),
        (nest(100, lambda inner: {"or": [inner]}), "more than 8 deep"),
        (
            {"yeer": 2020},
            "no document has the field 'yeer': did you mean year (null, number, text)? "
            "there are also id (text), language (boolean, object, text), language.of (text)",
        ),
        ({"language": []} | {"nothing": []}, "no document has the field 'nothing': there are id"),
        ({"not": {"yeer": 2020}}, "no document has the field 'yeer'"),
        ({"yeer": {"exists": False}}, "no document has the field 'yeer'"),
        ({"year": True}, "'year' with boolean, true, and it has only null and number and text"),
        ({"language": {"gt": 3}}, "'language' with number, 3, and it has only"),
        ({"language": {"gt": 3}}, "it has the fields language.of"),
        ({"language": ["de", 3]}, "'language' with number, 3, and it has only"),
        ({"id": {"ne": 3}}, "'id' with number, 3, and it has only text"),
    ],
)
def test_what_is_no_filter(searcher: Searcher, filter: Any, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        searcher.search("mill", filter=filter)
    assert message in str(error.value)


def test_filters_as_large_as_they_may_be(searcher: Searcher) -> None:
    values: list[Any] = [*range(1500, 2020), *map(str, range(480))]
    assert len(searcher.search("mill", 60, filter={"year": values})) == 10
    several = {"or": [{"year": values} for _ in range(32)]}
    assert len(searcher.search("mill", 60, filter=several)) == 10
    for wrap in (lambda inner: {"not": inner}, lambda inner: {"or": [inner], "and": [inner]}):
        deep = nest(7 if wrap({}).keys() == {"not"} else 4, wrap)
        assert len(searcher.search("mill", 60, filter=deep)) in (20, 40)


def test_dates_compare_as_far_as_they_are_written(tmp_path: Path) -> None:
    days = ["2023-12-31", "2024", "2024-05", "2024-05-03", "2024-05-03T09:30", "2024-06-01"]
    with closing(written(tmp_path / "index", [{"day": day} for day in days])) as segments:

        def found(**range_: str) -> list[str]:
            return [days[n] for n in segments.matching(compile_filter({"day": range_}))]

        assert found(lte="2024-05") == days[:5]
        assert found(gt="2024-05") == days[5:]
        assert found(gt="2024") == []
        assert found(gte="2024-05", lt="2024-06") == days[2:5]
        assert found(gte="2024-05-03", lte="2024-05-03") == days[3:5]
        assert found(lt="2024") == days[:1]


def test_filters_as_people_type_them() -> None:
    assert parse_filters(["year>=2020", "year < 2024", "lang=de,en", 'code="7"', "open=true"]) == {
        "year": {"gte": 2020, "lt": 2024},
        "lang": ["de", "en"],
        "code": "7",
        "open": True,
    }
    assert parse_filters(["a = b=c", "odd!name=1"]) == {"a": "b=c", "odd!name": 1}
    assert parse_filters(["lang==de"]) == {"lang": "de"}
    assert parse_filters([]) == {}


@pytest.mark.parametrize(
    ("typed", "filter"),
    [
        ("year!=2020", {"year": {"ne": 2020}}),
        ("year != 2020,2021", {"year": {"ne": [2020, 2021]}}),
        ("id=faq-*", {"id": {"prefix": "faq-"}}),
        ("id=20*", {"id": {"prefix": "20"}}),
        ("id!=faq-*", {"not": {"id": {"prefix": "faq-"}}}),
        ("author=*", {"author": {"exists": True}}),
        ("author!=*", {"author": {"exists": False}}),
        ('a="*"', {"a": "*"}),
        ('a="C*","x, y",z', {"a": ["C*", "x, y", "z"]}),
        ("a=war and peace", {"a": "war and peace"}),
        ('a="x OR b=2"', {"a": "x OR b=2"}),
        ("a=NaN", {"a": "NaN"}),
        ("a=1 OR b=2", {"or": [{"a": 1}, {"b": 2}]}),
        ("a=1 AND b>2 AND b<3 OR c=d e", {"or": [{"a": 1, "b": {"gt": 2, "lt": 3}}, {"c": "d e"}]}),
        ("a=1 AND a=2", {"a": 1, "and": [{"a": 2}]}),
    ],
)
def test_a_filter_that_is_typed(typed: str, filter: dict[str, Any]) -> None:
    assert parse_filters([typed]) == filter
    compile_filter(filter)


def test_several_that_are_typed_must_all_hold() -> None:
    every = parse_filters(["a=1 OR b=2", "a=3 OR b=4", "c=5 AND c=6", "c>7"])
    document = {"a": 1, "b": 4, "c": [5, 6, 8]}
    assert passes("", document, every)
    for change in ({"a": 0}, {"b": 0}, {"c": [5, 8]}, {"c": [6, 8]}, {"c": [5, 6]}):
        assert not passes("", document | change, every)


def test_a_number_without_quotes_is_text_where_the_field_has_only_text() -> None:
    fields = {"code": Field(2, {"text": 2}), "mixed": Field(2, {"number": 1, "text": 1})}
    typed = ["code=7,true", "mixed=7", "new=7", "code>2020", 'mixed="7"']
    assert parse_filters(typed, fields) == {
        "code": ["7", "true"],
        "mixed": 7,
        "new": 7,
        "and": [{"code": {"gt": "2020"}}, {"mixed": "7"}],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year", "is not like field=value"),
        ("=3", "is not like field=value"),
        ("year=", "is not like field=value"),
        ("year= ", "is not like field=value"),
        ("year=1 OR", "is not like field=value"),
        ("year=1 OR 2", "is not like field=value"),
        ("year=2020 and lang=de", "join conditions with AND or OR in capitals, or put the value"),
        ("year=2020 lang=de", "join conditions with AND or OR in capitals, or put the value"),
        ("year=1,20*", "a prefix in a list: join the conditions with OR"),
    ],
)
def test_what_cannot_be_read_as_a_filter(text: str, message: str) -> None:
    with pytest.raises(SearchIndexError) as error:
        parse_filters([text])
    assert message in str(error.value)
    assert repr(text) in str(error.value)


typed_words = st.sampled_from(
    ["a", "b.c", "=", "!=", ">", ">=", "<", ",", "*", '"', " ", " AND ", " OR ", "1", "\\", "é"]
)


@given(st.lists(st.lists(typed_words, max_size=9).map("".join), max_size=3))
def test_whatever_is_typed_is_a_filter_or_an_error_of_ours(texts: list[str]) -> None:
    try:
        filter = parse_filters(texts)
    except SearchIndexError:
        return
    try:
        compile_filter(filter)
    except SearchIndexError as error:
        assert re.search("is a name|must be text|at most|deep", str(error))


def test_a_compiled_filter_is_a_filter(searcher: Searcher) -> None:
    filter = {"year": {"gte": 2020}, "language": ["de", "en"]}
    condition = compile_filter(filter)
    assert condition == compile_filter(dict(filter))
    assert searcher.search("mill", filter=condition) == searcher.search("mill", filter=filter)


def test_the_fields_there_are(searcher: Searcher) -> None:
    assert searcher.fields == {
        "id": Field(60, {"text": 60}),
        "language": Field(60, {"boolean": 12, "object": 12, "text": 36}),
        "language.of": Field(12, {"text": 12}),
        "year": Field(60, {"null": 10, "number": 40, "text": 10}),
    }


def test_fields_of_documents_that_are_gone_go_with_a_merge(tmp_path: Path) -> None:
    index = tmp_path / "index"
    every: list[Metadata] = [
        {"a": [1, "x", 2], "a.b": 1, 'q"': 1, "or": 1},
        {"b": []},
        {"b": {"c": {"d": True}}},
    ]
    with closing(written(index, every)) as segments:
        before = segments.fields
    assert {name: (field.documents, [*field.types]) for name, field in before.items()} == {
        "id": (3, ["text"]),
        "a": (1, ["number", "text"]),
        "b": (2, ["null", "object"]),
        "b.c": (1, ["object"]),
        "b.c.d": (1, ["boolean"]),
    }
    assert remove(index, filter={"a": 2}) == ["d0"]
    assert fields_of(index, read_manifest(index)) == before
    merge(index)
    assert {*fields_of(index, read_manifest(index))} == {"id", "b", "b.c", "b.c.d"}
    with pytest.raises(SearchIndexError, match="no document has the field 'a'"):
        remove(index, filter={"not": {"a": 2}})
    assert read_manifest(index).documents == 2
    assert remove(index, ["d1", "d2"]) == ["d1", "d2"]
    assert remove(index, filter={"a": 2}) == []  # an empty index knows no fields


def test_on_the_command_line(searcher: Searcher, run: Any, tmp_path: Path) -> None:
    index = tmp_path / "index"
    records = [{"_id": str(n), "text": f"the mill number {n}", "year": 2000 + n} for n in range(9)]
    write_jsonl(tmp_path / "c.jsonl", records)
    options = ("--set", "generator=null", "--set", f"encoder.name={searcher.encoder.name}")
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
        for command in (("search", index, "mill"), ("remove", index)):
            refused = run(*command, "--filter", typed)
            assert refused.code == 2
            assert message in refused.err
    assert "number in 9" in run("info", index).out
    fields = json.loads(run("info", index, "--json").out)["fields"]
    assert fields["year"] == {"documents": 9, "types": {"number": 9}}
    assert fields["id"] == {"documents": 9, "types": {"text": 9}}


@pytest.mark.parametrize(
    ("typed", "fine"),
    [
        ("date>=2020", True),
        ("date<2020-02-01T10:00:00Z", True),
        ('date>"3"', True),
        ("date>=m", True),
        ("date=3", True),
        ("date>=2020-13", False),
        ("date>=01.02.2020", False),
        ("date>3", False),
    ],
)
def test_numbers_are_not_compared_with_text(typed: str, fine: bool) -> None:
    fields = {"date": Field(3, {"text": 3})}
    if fine:
        assert parse_filters([typed], fields)
    else:
        with pytest.raises(SearchIndexError, match="letter by letter: write dates as 2020-01-31"):
            parse_filters([typed], fields)
    assert parse_filters([typed])
