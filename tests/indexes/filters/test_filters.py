"""Filters: the documents that they should find, k where there are k, and errors that say why."""

import json
import operator
import re
import tempfile
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner import Searcher, SearchIndexError, build, load_recipe, merge
from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.filters import compile_filter, parse_filters
from corpus_tuner.indexes.filters.fields import Field
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.segments import Segments, read_fields
from corpus_tuner.indexes.store.soft_delete import remove
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.indexes.indexing import Table, write_index

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
        return any(equal(value, one) for value in values for one in wanted)
    asked = dict(condition)
    if "exists" in asked and asked.pop("exists") != any(value is not None for value in values):
        return False
    if "ne" in asked and holds(values, asked.pop("ne")):
        return False
    return not asked or any(
        all(in_range(value, sign, bound) for sign, bound in asked.items()) for value in values
    )


def equal(value: Any, wanted: Any) -> bool:
    """Tell whether a value is that of a filter, of a field with dates and other text."""
    if dated := period(wanted):
        return period(value) is not None and dated[0] <= period(value)[0] <= dated[1]
    return kind(value) == kind(wanted) and bool(value == wanted)


def in_range(value: Any, sign: str, bound: Any) -> bool:
    """Tell whether a value is in a range, of a field with dates and other text."""
    if kind(value) != kind(bound):
        return False
    if sign == "prefix":
        return bool(value.startswith(bound))
    if dated := period(bound):
        if period(value) is None:
            return False
        return bool(COMPARED[sign](period(value)[0], dated[sign in ("gt", "lte")]))
    return bool(COMPARED[sign](value, bound))


def period(text: Any) -> Any:
    """The first and last moment of a month, a day or a time; a year is no date beside text."""
    for form in ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M"):
        with suppress(ValueError, TypeError):
            start = datetime.strptime(text, form)
            days = {"%Y-%m": monthrange(start.year, start.month)[1], "%Y-%m-%d": 1}.get(form)
            return start, start + timedelta(days=days, microseconds=-1) if days else start
    return None


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
VALUES = [1, "x", True, "2024-05-04"]
EVERY_TYPE = dict.fromkeys(("a b", "b"), VALUES) | {"a": {"of": VALUES}}


def written(folder: Path, every: list[Metadata], segments: int = 1) -> Segments:
    """Documents d0, d1, ... with this metadata."""
    vectors = np.eye(1, 3, dtype=np.float32)
    documents = [
        EncodedDocument(
            Document(f"d{number}", "", "text", one), [View(f"d{number}", "passage", "x")], vectors
        )
        for number, one in enumerate(every)
    ]
    return Segments.open(folder, write_index(folder, documents, segments=segments))


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.lists(metadata, max_size=5), st.lists(nested, min_size=1, max_size=8))
def test_the_same_documents_pass_as_by_hand(
    some: list[Metadata], filters: list[dict[str, Any]]
) -> None:
    every: list[Metadata] = [*some, EVERY_TYPE, {"a": VALUES}]  # so no type is a mistake
    with tempfile.TemporaryDirectory() as folder, closing(written(Path(folder), every, 2)) as found:
        for filter in filters:
            expected = [n for n, one in enumerate(every) if passes(f"d{n}", one, filter)]
            assert found.find_matching(compile_filter(filter)).tolist() == expected, filter


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp("filters")
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(60, seed=2)]
    for number, record in enumerate(records):
        record["year"] = YEARS[number % len(YEARS)]
        record["spoken"] = LANGUAGES[number % len(LANGUAGES)]
    write_jsonl(folder / "corpus.jsonl", records)
    chosen = ["generator=null", "views.sentences=4", "calibrate=false", "language=en"]
    build(folder / "corpus.jsonl", folder / "index", load_recipe(None, chosen), encoder=encoder)
    with Searcher.open(folder / "index", encoder=encoder) as opened:
        yield opened


searched = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from([2019, 2020, [2020, "2020"], {"gte": 2020.5}, {"ne": 2020}]),
        "spoken": st.sampled_from(["de", ["en", True], {"exists": True}]),
        "or": st.just([{"year": 2019}, {"spoken.of": "de"}]),
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
            "no document has the field 'yeer': did you mean year (date, null, number)? "
            "there are also id (text), language (text), spoken (boolean, object, text), "
            "spoken.of (text)",
        ),
        ({"spoken": []} | {"nothing": []}, "no document has the field 'nothing': there are id"),
        ({"not": {"yeer": 2020}}, "no document has the field 'yeer'"),
        ({"yeer": {"exists": False}}, "no document has the field 'yeer'"),
        ({"year": True}, "'year' with boolean, true, and it has only date and null and number"),
        ({"spoken": {"gt": 3}}, "'spoken' with number, 3, and it has only"),
        ({"spoken": {"gt": 3}}, "it has the fields spoken.of"),
        ({"spoken": ["de", 3]}, "'spoken' with number, 3, and it has only"),
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
            return [days[n] for n in segments.find_matching(compile_filter({"day": range_}))]

        assert found(lte="2024-05") == days[:5]
        assert found(gt="2024-05") == days[5:]
        assert found(gt="2024") == []
        assert found(gte="2024-01", lt="2024-05") == ["2024"]
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
    typed = ["code=7,true", "mixed=7", "new=7", 'code>"2020"', 'mixed="7"']
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
    filter = {"year": {"gte": 2020}, "spoken": ["de", "en"]}
    condition = compile_filter(filter)
    assert condition == compile_filter(dict(filter))
    assert searcher.search("mill", filter=condition) == searcher.search("mill", filter=filter)


def test_the_fields_there_are(searcher: Searcher) -> None:
    assert searcher.fields == {
        "id": Field(60, {"text": 60}),
        "language": Field(60, {"text": 60}),
        "spoken": Field(60, {"boolean": 12, "object": 12, "text": 36}),
        "spoken.of": Field(12, {"text": 12}),
        "year": Field(60, {"date": 10, "null": 10, "number": 40}),
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
    assert remove(index, filter={"a": 2}).first == ["d0"]
    assert read_fields(index, read_manifest(index)) == before
    merge(index)
    assert {*read_fields(index, read_manifest(index))} == {"id", "b", "b.c", "b.c.d"}
    with pytest.raises(SearchIndexError, match="no document has the field 'a'"):
        remove(index, filter={"not": {"a": 2}})
    assert read_manifest(index).documents == 2
    assert remove(index, ["d1", "d2"]).matching == 2
    assert remove(index, filter={"a": 2}).matching == 0  # an empty index knows no fields


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
        for command in (("search", index, "mill"), ("index", "remove", index)):
            refused = run(*command, "--filter", typed)
            assert refused.code == 2
            assert message in refused.err
    assert "number in 9" in run("info", index).out
    fields = json.loads(run("info", index, "--json").out)["fields"]
    assert fields["year"] == {"documents": 9, "types": {"number": 9}}
    assert fields["id"] == {"documents": 9, "types": {"text": 9}}


@pytest.mark.parametrize(
    ("typed", "types", "fine"),
    [
        ("date>=2020", {"date"}, True),
        ("date<2020-02-01T10:00:00Z", {"date"}, True),
        ("date<2020-02-01T10:00:00.5+02:00", {"date", "text"}, True),
        ('date>"3"', {"text"}, True),
        ("date>=m", {"text"}, True),
        ("date=3", {"text"}, True),
        ("date>=1000", {"number", "text"}, True),
        ("date>=2020", {"text"}, False),
        ("date>=2020", {"date", "text"}, False),
        ("date>=2020-02-01", {"text"}, False),
        ("date>=2020-13", {"date"}, False),
        ("date>=2020-02-30", {"date"}, False),
        ("date>=01.02.2020", {"text"}, False),
        ("date>3", {"date"}, False),
        ("date>-3", {"text"}, False),
        ("date>.5", {"text"}, False),
        ("date>€ 30", {"text"}, False),
    ],
)
def test_numbers_are_not_compared_with_text(typed: str, types: set[str], fine: bool) -> None:
    fields = {"date": Field(3, dict.fromkeys(types, 3))}
    if fine:
        assert parse_filters([typed], fields)
    else:
        with pytest.raises(SearchIndexError, match="letter by letter: write dates as 2020-01-31"):
            parse_filters([typed], fields)
    assert parse_filters([typed])


class Dated(NamedTuple):
    """A date as it is written, and what it is to Python."""

    text: str
    moment: datetime


def dated(moment: datetime, form: str) -> Dated:
    """A moment, written in one of several forms."""
    naive = moment.replace(tzinfo=None)
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    match form:
        case "day":
            day = datetime.combine(moment.date(), time(), UTC)
            return Dated(moment.date().isoformat(), day)
        case "naive":
            return Dated(naive.isoformat(), naive.replace(tzinfo=UTC))
        case "Z":
            return Dated(f"{utc.isoformat()}Z", moment)
        case "minutes":
            short = moment.replace(second=0, microsecond=0)
            return Dated(short.isoformat(" ", "minutes"), short)
        case _:
            return Dated(moment.isoformat(), moment)


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
near = st.datetimes(datetime(2023, 12, 30), datetime(2024, 1, 3), timezones=offsets)
anywhere = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=offsets)
dates = st.builds(
    dated, near | anywhere, st.sampled_from(["day", "naive", "Z", "minutes", "offset"])
)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(dates, min_size=1, max_size=6), st.lists(near, min_size=1, max_size=4))
def test_dates_compare_as_datetime_does(every: list[Dated], bounds: list[datetime]) -> None:
    metadata_: list[Metadata] = [{"at": one.text, "also": ["x", one.text]} for one in every]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(written(Path(folder), metadata_)) as found,
    ):
        for bound in bounds:
            for sign, compare in {**COMPARED, "eq": operator.eq}.items():
                expected = [n for n, one in enumerate(every) if compare(one.moment, bound)]
                for field in ("at", "also"):  # a field of dates alone, and one that has other text
                    condition: Any = bound if sign == "eq" else {sign: bound}
                    matching = found.find_matching(compile_filter({field: condition})).tolist()
                    assert matching == expected, (sign, bound, every)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"gte": date(2024, 5, 4)}, [0, 3, 4]),
        ({"gte": "2024-05-04"}, [0, 3, 4]),
        ({"gt": date(2024, 5, 4)}, [4]),
        ({"lt": "2024-05-04"}, [1, 2, 5]),
        ({"lte": "2024-05-04T04:30:00Z"}, [0, 1, 2, 3, 5]),
        ({"lt": "2024-05-04T04:30:00Z"}, [1, 2, 3, 5]),
        ({"gte": "2024", "lt": "2025"}, [0, 1, 2, 3, 4, 5]),
        ("2024-05-04T04:30Z", [0]),
        ("2024-05-04", [0, 3]),
        (["2024-05-03", "2024-06"], [1, 2, 4]),
        ({"ne": date(2024, 5, 4)}, [1, 2, 4, 5, 6]),
        ({"prefix": "2024-05-04"}, [1, 3]),
    ],
)
def test_dates_with_offsets_are_instants(tmp_path: Path, filter: Any, expected: list[int]) -> None:
    moments = [
        "2024-05-03T23:30:00-05:00",
        "2024-05-04T01:00:00+02:00",
        "2024-05-03T23:59:59.999999999Z",
        "2024-05-04 00:00:00",
        "2024-06",
        "2024",
    ]
    every: list[Metadata] = [*({"at": moment} for moment in moments), {}]
    with closing(written(tmp_path / "index", every)) as segments:
        assert segments.fields["at"] == Field(6, {"date": 6})
        assert segments.find_matching(compile_filter({"at": filter})).tolist() == expected


def test_a_price_that_is_text_is_no_date(tmp_path: Path) -> None:
    every: list[Metadata] = [{"price": one, "year": one[:4]} for one in ("950 EUR", "1200 EUR")]
    every.append({"price": "on demand", "year": "1200"})
    with closing(written(tmp_path / "index", every)) as segments:
        fields = segments.fields
        for typed in ("price>=1000", "price<2000", "year>=1000", "price>=2020-01-01"):
            with pytest.raises(SearchIndexError, match=r"'corpus\.types={\w+: number}'"):
                parse_filters([typed], fields)
        for filter in ({"price": {"gte": 1000}}, {"price": {"gte": date(2020, 1, 1)}}):
            with pytest.raises(SearchIndexError, match="compares the field 'price' with"):
                segments.find_matching(compile_filter(filter))
        quoted = compile_filter(parse_filters(['price>="1000"', 'price<"a"'], fields))
        assert segments.find_matching(quoted).tolist() == [0, 1]


def test_text_that_reads_as_a_number_is_one_where_a_field_has_no_text(tmp_path: Path) -> None:
    every: list[Metadata] = [{"price": 9.5, "sold": True}, {"price": 100, "sold": False}]
    with closing(written(tmp_path / "index", every)) as segments:
        for filter, expected in (
            ({"price": {"gte": "10"}}, [1]),
            ({"price": "9.50"}, [0]),
            ({"price": {"ne": ["100", 3]}}, [0]),
            ({"sold": "true"}, [0]),
        ):
            assert segments.find_matching(compile_filter(filter)).tolist() == expected


def test_years_that_are_numbers_beside_dates(tmp_path: Path) -> None:
    every: list[Metadata] = [{"at": one} for one in (2023, "2023-05-01", 2024, "2024-05-01")]
    with closing(written(tmp_path / "index", every)) as segments:
        typed = parse_filters(["at>=2024", "at<2025"], segments.fields)
        assert segments.find_matching(compile_filter(typed)).tolist() == [2, 3]


def test_ids_are_the_same_composed_and_decomposed(tmp_path: Path) -> None:
    composed, decomposed = "B\u00fccher/\u00fcber.txt", "Bu\u0308cher/u\u0308ber.txt"
    mixed = "B\u00fccher/u\u0308ber.txt"
    documents = [
        EncodedDocument(
            Document(id_, "", "text"), [View(id_, "passage", "x")], np.eye(1, 3, dtype=np.float32)
        )
        for id_ in (mixed, "other")
    ]
    index = tmp_path / "index"
    with closing(Segments.open(index, write_index(index, documents))) as segments:
        for spelling in (composed, decomposed, mixed):
            for condition in (spelling, [spelling, "no"], {"prefix": spelling[:-4]}):
                assert segments.find_matching(compile_filter({"id": condition})).tolist() == [0]
            assert segments.find_matching(compile_filter({"id": {"ne": spelling}})).tolist() == [1]
            assert segments.resolve_ids([spelling, "no"]) == {spelling: [0]}
    with Searcher.open(index, encoder=Table({})) as opened:
        for spelling in (composed, decomposed, mixed):
            found = opened.read_document(spelling)
            assert found
            assert found[0].id == mixed
    assert remove(index, [decomposed]).first == [mixed]
