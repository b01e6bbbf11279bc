"""The service by its public routes: answers, limits, tokens, load, and the switch of an index."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from corpus_tuner import CorpusTunerWarning, Searcher, SearchIndexError, build, load_recipe
from corpus_tuner.errors import DamagedError
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.indexes.store.search_settings import HybridWeights
from corpus_tuner.server import batching, schemas
from corpus_tuner.server.app import create_app
from corpus_tuner.server.settings import ServerSettings
from tests.conftest import make_documents, write_jsonl
from tests.server.local import local

CHOSEN = [
    *("generator=null", "views.sentences=2", "calibrate=false", "language=en"),
    "corpus.on_bad_record=skip",
]
FAST = ServerSettings(refresh=0.01)


def make_index(folder: Path, encoder: Any, count: int = 20) -> Path:
    made: list[dict[str, Any]] = [dict(record) for record in make_documents(count)]
    for number, record in enumerate(made):
        record["year"] = 2000 + number
    made[0] |= {"_id": "a/b c", "title": "<script>alert(1)</script> Mühle", "text": "the mill\x07"}
    write_jsonl(folder / "corpus.jsonl", made)
    build(folder / "corpus.jsonl", folder / "index", load_recipe(None, CHOSEN), encoder=encoder)
    return folder / "index"


def find_rejections(_: Any) -> list[Rejection]:
    return [Rejection("question", "what?", "entailment", "no support")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    return make_index(tmp_path_factory.mktemp("made"), encoder).parent


@pytest.fixture
def index(tmp_path: Path, made: Path) -> Path:
    """A copy, which a test may replace."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "index"


@pytest.fixture
def client(index: Path, encoder: Any) -> Iterator[TestClient]:
    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, FAST, find_rejections=find_rejections)) as client:
        yield client


def test_search(client: TestClient, tmp_path: Path, encoder: Any) -> None:
    answer = client.post("/v1/search", json={"query": "the old mill", "k": 3})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["query"] == "the old mill"
    with Searcher.open(tmp_path / "index", encoder=encoder) as searcher:
        expected = searcher.search("the old mill", 3)
    for hit, other in zip(result["hits"], expected, strict=True):
        assert (hit["id"], hit["rank"]) == (other.document.id, other.rank)
        assert hit["score"] == pytest.approx(other.score)
        assert hit["rankers"] == {
            name: pytest.approx(asdict(standing)) for name, standing in other.rankers.items()
        }
        assert hit["view"]["text"] == other.view.text
        assert hit["passage"] == asdict(other.passage)
        assert hit["metadata"] == dict(other.document.metadata)
    several = client.post("/v1/search", json={"query": ["mill", "river"], "mode": "dense"}).json()
    assert [result["query"] for result in several["results"]] == ["mill", "river"]
    filtered = {"query": "mill", "filter": {"year": {"gte": 2018}}}
    found = client.post("/v1/search", json=filtered).json()["results"][0]["hits"]
    assert {hit["metadata"]["year"] for hit in found} == {2018, 2019}
    filtered["filter"] = {"or": [{"id": "a/b c"}, {"year": {"gt": 2018}}], "not": {"year": 2000}}
    found = client.post("/v1/search", json=filtered).json()["results"][0]["hits"]
    assert {hit["metadata"]["year"] for hit in found} == {2019}


def test_a_search_returns_the_fields_that_it_names(client: TestClient) -> None:
    def only_hit(**asked: Any) -> Any:
        answer = client.post("/v1/search", json={"query": "mill", "k": 1, **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()["results"][0]["hits"][0]

    whole = only_hit()
    document = {"title", "text", "metadata"}
    assert document < {*whole}
    assert {*whole} - {*only_hit(fields=[])} == document
    assert {*whole} - {*only_hit(text=False)} == {"text"}
    assert only_hit(fields=["metadata.year"])["metadata"] == {"year": whole["metadata"]["year"]}
    by_address = client.get("/v1/search?q=mill&k=1&fields=title,metadata.year&text=true").json()
    (hit,) = by_address["results"][0]["hits"]
    assert hit == whole  # which has no other metadata


def test_an_ignored_min_probability_is_a_warning(client: TestClient) -> None:
    asked = {"query": "mill", "k": 2, "min_probability": 0.9}
    with pytest.warns(CorpusTunerWarning):
        answer = client.post("/v1/search", json=asked).json()
    assert len(answer["results"][0]["hits"]) == 2
    assert answer["warnings"][0].startswith("min_probability is ignored")
    assert client.post("/v1/search", json={"query": "mill"}).json()["warnings"] == []


def test_documents_and_the_index(client: TestClient) -> None:
    answer = client.get("/v1/documents/a/b%20c").json()
    assert answer["title"] == "<script>alert(1)</script> Mühle"
    assert answer["views"][0]["kind"] == "passage"
    assert answer["rejected"][0]["reason"] == "no support"
    assert client.get("/v1/documents/nowhere").status_code == 404
    assert client.get("/v1/documents/../../etc/passwd").status_code == 404
    index = client.get("/v1/index").json()
    assert (index["documents"], index["lexical"], index["language"]) == (20, True, "en")
    assert index["languages"] == {"en": 1.0}
    assert index["weights"] == {
        "dense": {"views": 0.5},
        "hybrid": HybridWeights().model_dump(),
    }
    assert index["fields"] == {
        "id": {"documents": 20, "types": {"text": 20}},
        "language": {"documents": 20, "types": {"text": 20}},
        "year": {"documents": 20, "types": {"number": 20}},
    }
    assert client.get("/health").text == "ok"
    assert client.get("/ready").text == "ready"
    metrics = client.get("/metrics").text
    route = 'handler="/v1/index",method="GET"'
    assert f'corpus_tuner_http_requests_total{{{route},status="200"}} 1.0' in metrics
    assert f"corpus_tuner_http_request_duration_seconds_count{{{route}}} 1.0" in metrics
    assert 'handler="none",method="GET",status="404"' in metrics  # not a path that anyone makes up
    assert "corpus_tuner_waiting_queries 0.0" in metrics


def test_the_page_brings_all_it_needs_and_runs_nothing_else(client: TestClient) -> None:
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("POST", "")
    for asset, kind in (
        ("page.js", "text/javascript"),
        ("plain.js", "text/javascript"),
        ("style.css", "text/css"),
    ):
        answer = client.get(f"/assets/{asset}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "innerHTML" not in answer.text
    assert client.get("/assets/app.py").status_code == 404
    assert client.get("/assets/..%2Fapp.py").status_code == 404


def test_the_documentation_brings_all_it_needs(client: TestClient) -> None:
    page = client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert re.match("default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src", policy)
    assert not re.search(r"https?://", page.text)
    needed = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(needed) == 3
    for address in (*needed, "/openapi.json"):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"query": "x" * 4001}, 422, "at most 4000 characters"),
        ({"query": ["a"] * 65}, 422, "query: at most 64 queries"),
        ({"query": []}, 422, "there is no query"),
        ({"query": " "}, 422, "a query is empty"),
        ({"query": "a", "k": 1001}, 422, "k: Input should be less than or equal to 1000"),
        (
            {"query": ["a"] * 3, "k": 400},
            422,
            "k: 400 for each of 3 queries are more than 1000",
        ),
        ({"query": "a", "k": 0}, 422, "greater than or equal to 1"),
        ({"query": "a", "k": "3"}, 422, "valid integer"),
        ({"query": "a", "mode": "psychic"}, 422, "mode"),
        ({"query": "a", "filter": {"year": {"near": 3}}}, 422, "gt, gte, lt, lte"),
        ({"query": "a", "filter": {"": 3}}, 422, "field is a name"),
        (
            {"query": "a", "filter": {"or": {"year": 3}}},
            422,
            "filter: a filter's 'or' takes a list",
        ),
        ({"query": "a", "filter": {"not": {"not": {"year": {}}}}}, 422, "'year' has no operator"),
        ({"query": "a", "filter": {"yeer": 3}}, 400, "did you mean year (number)?"),
        (
            {"query": "a", "filter": {"year": {"ne": "x"}}},
            400,
            "compares the field 'year' with text",
        ),
        ({"query": "a", "fields": ["titel"]}, 422, "'titel' is none of title, text, metadata"),
        ({"query": "a", "fields": ["metadata.yeer"]}, 400, "did you mean year (number)?"),
        ({"query": "a", "text": "no"}, 422, "text: "),
        ({"query": "a", "filter": {"x": "\ud800"}}, 422, "cannot compare"),
        ({"query": "a", "filter": {"x": 10**400}}, 422, "cannot compare"),
        ({"query": "a", "other\ud800": 1}, 422, "unicode"),
        ({"query": "\ud800"}, 400, "not UTF-8"),
        ({}, 422, "query"),
        ("x" * 2**20, 413, "more than 1048576 bytes"),
    ],
)
def test_what_cannot_be_asked(client: TestClient, body: Any, status: int, reason: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/search", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    assert reason in answer.text


def test_damage_is_a_fault_of_the_server_and_names_no_file(
    index: Path, encoder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    (file,) = index.glob("segments/*/documents.sqlite")
    with file.open("r+b") as opened:
        opened.write(b"\xff" * file.stat().st_size)
    with local(create_app(searcher, FAST)) as client:
        filtered = {"query": "mill", "filter": {"year": {"gte": 2018}}}
        for body in (filtered, {"query": "mill"}):
            answer = client.post("/v1/search", json=body)
            assert answer.status_code == 500
            assert answer.json() == {
                "detail": "the index cannot be read: the log of the service says why"
            }
    assert str(file) in caplog.text


def test_a_body_that_is_no_json(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/search", content='{"query": ', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("the body is not JSON: ")
    for content, also in (('{"query": "mill"}', {}), ("[]", headers), ("7", headers)):
        answer = client.post("/v1/search", content=content, headers=also)
        assert answer.status_code == 422
        assert "must be a JSON object, sent with Content-Type" in answer.json()["detail"]


def test_a_body_without_a_length_is_limited_too(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 20_000

    answer = client.post("/v1/search", content=parts())
    assert answer.status_code == 413
    assert answer.json() == {"detail": "the body has more than 1048576 bytes"}


def test_the_token(index: Path, encoder: Any) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, FAST, token="sésame")) as client:
        for path in ("/v1/index", "/v1/documents/x", "/metrics"):
            assert client.get(path).status_code == 401
            wrong = {"Authorization": "Bearer wrong"}
            assert client.get(path, headers=wrong).status_code == 401
        right = {b"Authorization": "Bearer sésame".encode()}
        assert client.get("/v1/index", headers=right).status_code == 200
        for path in ("/health", "/ready", "/"):
            assert client.get(path).status_code == 200


def test_nothing_is_read_without_the_token(index: Path, encoder: Any) -> None:
    with local(create_app(Searcher.open(index, encoder=encoder), FAST, token="s")) as client:
        json_ = {"Content-Type": "application/json"}
        for content in ('{"query": ', "x" * 2**20):
            answer = client.post("/v1/search", content=content, headers=json_)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/search?k=x").status_code == 401
        assert client.get("/nowhere").status_code == 401
        basic = {"Authorization": "Basic s"}
        assert client.get("/v1/index", headers=basic).status_code == 401
        right = {"Authorization": "bearer s", **json_}
        assert client.post("/v1/search", content='{"query": ', headers=right).status_code == 422


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("[::1]", 200),
        ("search.example", 200),
        ("search.example:443", 200),
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("[::1].evil.example", 421),
        ("::1", 421),
        ("[evil.example]", 421),
        ("[127.0.0.1]", 421),
        ("", 421),
    ],
)
def test_only_by_names_of_its_own(index: Path, encoder: Any, host: str, status: int) -> None:
    settings = FAST.model_copy(update={"hosts": frozenset({"Search.example"})})
    with local(create_app(Searcher.open(index, encoder=encoder), settings)) as client:
        for path in ("/v1/documents/d1", "/v1/index", "/"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == status
            assert status == 200 or "--allowed-host" in answer.json()["detail"]


def test_one_host_only(client: TestClient) -> None:
    two = [("Host", "localhost"), ("Host", "evil.example")]
    assert client.get("/v1/index", headers=two).status_code == 421


def test_a_fault_is_an_answer_without_paths(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Searcher.open(index, encoder=encoder), FAST)
    with local(app, raise_server_exceptions=False) as client:
        for error in (DamagedError(f"{index} is damaged"), KeyError(str(index))):

            def fail(*_: Any, error: Exception = error, **__: Any) -> Any:
                raise error

            monkeypatch.setattr(Searcher, "search", fail)
            monkeypatch.setattr(Searcher, "read_document", fail)
            for answer in (
                client.post("/v1/search", json={"query": "mill"}),
                client.get("/v1/search?q=mill"),
                client.get("/v1/documents/d1"),
            ):
                assert answer.status_code == 500
                assert "log" in answer.json()["detail"]
                assert "Traceback" not in answer.text
                assert str(index) not in answer.text
    assert f"{index} is damaged" in caplog.messages


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("q=the old mill", {"query": "the old mill"}),
        ("q=mill&k=3&mode=dense&explain=true", {"query": "mill", "k": 3, "mode": "dense"}),
        (
            "q=mill&filter=year>=2004&filter=year<2010",
            {"query": "mill", "filter": {"year": {"gte": 2004, "lt": 2010}}},
        ),
    ],
)
def test_search_by_address(client: TestClient, asked: str, body: dict[str, Any]) -> None:
    body["explain"] = "explain" in asked
    answer = client.get(f"/v1/search?{asked}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["hits"]
    assert answer.json()["results"] == client.post("/v1/search", json=body).json()["results"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("", "q: Field required"),
        ("q=%20", "q: a query is empty"),
        (f"q={'x' * 4001}", "at most 4000 characters"),
        ("q=a&k=0", "k: Input should be greater than or equal to 1"),
        ("q=a&k=1001", "k: Input should be less than or equal to 1000"),
        ("q=a&k=many", "k: Input should be a valid integer"),
        ("q=a&mode=psychic", "mode: Input should be 'hybrid', 'dense' or 'lexical'"),
        ("q=a&filter=year", "year"),
        ("q=a&filter=", "filter"),
        ("q=a&fields=title,titel", "'titel' is none of title, text, metadata"),
        ("q=a&fields=", "'' is none of title, text, metadata"),
        ("q=a&text=perhaps", "text: "),
        ("q=a&other=1", "other: Extra inputs are not permitted"),
    ],
)
def test_what_an_address_cannot_ask(client: TestClient, asked: str, reason: str) -> None:
    answer = client.get(f"/v1/search?{asked}")
    assert answer.status_code == 422, answer.text
    assert reason in answer.json()["detail"]


def test_too_many_at_once_are_told_to_come_again(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    search = Searcher.search
    batches = []
    refused = threading.Event()

    def slow(self: Searcher, queries: Any, *rest: Any, **more: Any) -> Any:
        batches.append(len(queries))
        assert refused.wait(20)
        return search(self, queries, *rest, **more)

    monkeypatch.setattr(Searcher, "search", slow)
    settings = ServerSettings(max_waiting=4, refresh=0)
    statuses: list[int] = []
    with local(create_app(searcher, settings)) as client:

        def ask() -> None:
            answer = client.post("/v1/search", json={"query": "mill"})
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                refused.set()
                assert answer.headers["Retry-After"] == "1"

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200, 429}
    assert max(batches) > 1  # those that waited went together


def test_too_slow_is_an_answer(index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = Searcher.open(index, encoder=encoder)

    def slow(*_: Any, **__: Any) -> list[list[Any]]:
        time.sleep(0.5)
        return [[]]

    monkeypatch.setattr(Searcher, "search", slow)
    with local(create_app(searcher, ServerSettings(timeout=0.05, refresh=0))) as client:
        assert client.post("/v1/search", json={"query": "mill"}).status_code == 504


def test_explaining_is_within_the_time_limit(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)

    def slow(*_: Any) -> list[str]:
        time.sleep(0.04)
        return []

    monkeypatch.setattr(Searcher, "find_shared_words", slow)
    with local(create_app(searcher, ServerSettings(timeout=0.4, refresh=0))) as client:
        asked = {"query": "mill", "k": 20}
        assert client.post("/v1/search", json=asked).status_code == 200
        assert client.post("/v1/search", json=asked | {"explain": True}).status_code == 504


def test_explaining_looks_at_so_many_characters(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    asked = {"query": "the river mill bread judge", "mode": "dense", "explain": True}
    matched = []
    for characters in (1, 20_000):
        monkeypatch.setattr(schemas, "EXPLAINED_CHARACTERS", characters)
        client = local(create_app(searcher))
        hits = client.post("/v1/search", json=asked).json()["results"][0]["hits"]
        matched.append({word for hit in hits for word in hit["matched"]})
    assert not matched[0]
    assert matched[1] >= {"river", "mill"}
    searcher.close()


def test_the_limits_are_in_the_openapi_document(client: TestClient) -> None:
    request = client.get("/openapi.json").json()["components"]["schemas"]["SearchRequest"]
    text, texts = request["properties"]["query"]["anyOf"]
    assert (text["maxLength"], texts["maxItems"], texts["items"]["maxLength"]) == (4000, 64, 4000)
    k = request["properties"]["k"]
    assert (k["maximum"], k["default"]) == (1000, 10)
    assert "at most 1000 for all queries" in k["description"]
    assert "first 20000 characters" in request["properties"]["explain"]["description"]


def test_a_document_is_shown_where_its_ledger_cannot_be_read(
    index: Path, encoder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(_: Any) -> list[Rejection]:
        raise ValueError("ledger.sqlite is not a ledger, or damaged")

    searcher = Searcher.open(index, encoder=encoder)
    with local(create_app(searcher, FAST, find_rejections=unreadable)) as client:
        for _ in range(2):
            answer = client.get("/v1/documents/a/b%20c")
            assert answer.status_code == 200
            assert answer.json()["views"]
            assert answer.json()["rejected"] == []
    (warning,) = (line for line in caplog.messages if "rejected views" in line)
    assert "ledger.sqlite is not a ledger" in warning


def test_queries_that_want_the_same_go_together(
    index: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher.open(index, encoder=encoder)
    search = Searcher.search
    batches: list[list[str]] = []
    started, go_on = threading.Event(), threading.Event()

    def slow(self: Searcher, queries: Any, *rest: Any, **more: Any) -> Any:
        batches.append(list(queries))
        started.set()
        go_on.wait(10)
        return search(self, queries, *rest, **more)

    monkeypatch.setattr(Searcher, "search", slow)
    monkeypatch.setattr(batching, "WORKERS", 1)
    service = create_app(searcher, ServerSettings(refresh=0))
    with local(service) as client:

        def ask(query: str, year: int) -> None:
            body = {"query": query, "filter": {"year": {"gte": year}}}
            assert client.post("/v1/search", json=body).status_code == 200

        asked = [("first", 0), ("old", 2000), ("new", 2010), ("also old", 2000)]
        threads = [threading.Thread(target=ask, args=arguments) for arguments in asked]
        threads[0].start()
        assert started.wait(10)
        for count, thread in enumerate(threads[1:], start=1):
            thread.start()
            while service.state.service.batcher.waiting < count:
                time.sleep(0.01)
        go_on.set()
        for thread in threads:
            thread.join()
    assert batches == [["first"], ["old", "also old"], ["new"]]


def test_the_index_is_switched_without_a_failed_request(
    client: TestClient, tmp_path: Path, encoder: Any
) -> None:
    statuses: set[int] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.add(client.post("/v1/search", json={"query": "mill"}).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    make_index(tmp_path, encoder, 33)
    deadline = time.monotonic() + 20
    while client.get("/v1/index").json()["documents"] != 33 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert statuses == {200}
    assert client.get("/v1/index").json()["documents"] == 33


def open_files() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one by which this is listed
            found.append(str(descriptor.readlink()))
    return found


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_all_routes_follow_the_index(client: TestClient, tmp_path: Path, encoder: Any) -> None:
    assert client.get("/v1/documents/d25").status_code == 404
    make_index(tmp_path, encoder, 33)
    until(lambda: client.get("/v1/documents/d25").status_code == 200)
    make_index(tmp_path, encoder, 40)
    until(lambda: client.get("/v1/index").json()["documents"] == 40)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it looks at open files")
def test_the_index_is_followed_though_nobody_asks(
    client: TestClient, tmp_path: Path, encoder: Any
) -> None:
    old = [name for name in open_files() if name.startswith(str(tmp_path / "index"))]
    assert old
    settings = load_recipe(None, CHOSEN)
    build(tmp_path / "corpus.jsonl", tmp_path / "index", settings, encoder=encoder, fresh=True)
    until(lambda: not set(open_files()) & {*old, *(f"{name} (deleted)" for name in old)})


@pytest.mark.parametrize(
    "error", [SearchIndexError("another encoder"), FileNotFoundError("gone"), KeyError("odd")]
)
def test_an_index_that_cannot_be_followed_still_answers(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    looks = 0

    def refresh(_: Searcher) -> bool:
        nonlocal looks
        looks += 1
        raise error

    monkeypatch.setattr(Searcher, "refresh", refresh)
    until(lambda: looks > 3)
    assert client.post("/v1/search", json={"query": "mill"}).status_code == 200
    assert len([line for line in caplog.messages if "is not reloaded" in line]) == 1
