"""Tokens: their files, and that a document outside of a token's filter does not exist for it."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("mcp")

from fastapi.testclient import TestClient
from starlette.routing import Route

from corpus_tuner import CorpusTunerError, Searcher, add, build, load_recipe, remove
from corpus_tuner.building.add import Adder
from corpus_tuner.indexes.store.search_settings import Calibration, HybridWeights
from corpus_tuner.server.app import create_app
from corpus_tuner.server.tokens import TokenFile, add_token
from tests.conftest import edit_manifest, make_documents, write_jsonl
from tests.server.conftest import local, make_tokens, until

OPEN: list[dict[str, Any]] = [
    {**one, "team": "open", "year": 2000 + n, "code": "5"}
    for n, one in enumerate(make_documents(12))
]
# The first are near-duplicates of open documents; all have a secret in every part, and types of
# fields that open documents do not have.
HIDDEN: list[dict[str, Any]] = [
    {**one, "_id": f"xsecret{n}", "team": "xsecret", "xsecretfield": n, "code": 5}
    for n, one in enumerate(make_documents(4))
] + [
    {
        "_id": f"xsecret/{word} ü",
        "title": f"xsecret title {word}",
        "text": f"E4711 the xsecret {word}. Das Gericht und das Urteil und die Miete, {word}.",
        "team": "xsecret",
        "author": {"xsecretname": word},
    }
    for word in ("mill", "river", "bread")
]
OPEN[3]["text"] += " E4711"
CHOSEN = ["generator=null", "views.sentences=2", "calibrate=false"]
QUERIES = ["the mill by the river", "E4711", "Gericht Urteil", OPEN[2]["text"]]


class Services(NamedTuple):
    """A service of all documents and one of the open ones, with the headers of their tokens."""

    whole: TestClient
    headers: dict[str, Any]
    expected: TestClient
    expected_headers: dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    folder = tmp_path_factory.mktemp("tokens")
    weights = HybridWeights()
    calibration = Calibration(
        temperature=0.5, chosen=weights, default=weights, documents=12, seed=0
    ).model_dump()
    for name, records in (("whole", HIDDEN[:2] + OPEN + HIDDEN[2:]), ("open", OPEN)):
        corpus = write_jsonl(folder / f"{name}.jsonl", records)
        build(corpus, folder / name, load_recipe(None, CHOSEN), encoder=encoder)
        edit_manifest(folder / name, calibration=calibration)
    return folder


@pytest.fixture(scope="module")
def services(built: Path, encoder: Any) -> Iterator[Services]:
    clients, headers = [], []
    with ExitStack() as stack:
        for name, filter in (("whole", "team=open"), ("open", None)):
            (built / f"{name}-tokens").mkdir()
            tokens, own = make_tokens(built / f"{name}-tokens", reader=filter, all=None)
            index = built / name
            adder = Adder(index, encoder=encoder)
            app = create_app(Searcher.open(index, encoder=encoder), tokens, adder=adder)
            clients.append(stack.enter_context(local(app, raise_server_exceptions=False)))
            headers.append(own)
        yield Services(clients[0], headers[0], clients[1], headers[1])


def search_requests() -> list[dict[str, Any]]:
    """Requests that make a service say as much as it can, in results and in errors."""
    options: list[dict[str, Any]] = [
        {},
        {"explain": True, "k": 50},
        {"mode": "lexical", "k": 50},
        {"mode": "dense", "collapse": False, "k": 50},
        {"min_probability": 0.05},
        {"filter": {"team": ["open", "xsecret"]}, "k": 50},
        {"filter": {"not": {"team": "open"}}},
        {"filter": {"id": {"prefix": "xsecret"}}},
        {"filter": {"language": "de"}},
        {"filter": {"xsecretfield": 1}},
        {"filter": {"author.xsecretname": {"exists": True}}},
        {"filter": {"yeer": 1}},
        {"filter": {"code": {"gte": 5}}},
        {"filter": {"team": 5}},
        {"fields": ["metadata.xsecretfield"]},
        {"fields": ["title", "metadata.yeer"]},
    ]
    return [{"query": query, **each} for query in QUERIES for each in options]


def call_tool(name: str, **arguments: Any) -> dict[str, Any]:
    """Return the request that calls a tool at ``/mcp``."""
    params = {"name": name, "arguments": arguments}
    return {
        "json": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        "headers": {"Accept": "application/json, text/event-stream"},
    }


TOOL_CALLS = [
    *(call_tool("search", query=query, k=20) for query in QUERIES),
    *(
        call_tool("search", query="mill", k=20, filter=filter)
        for filter in (
            *("team!=open", "id=xsecret*", "language=de", "xsecretfield>=0", "yeer=1"),
            *("code=5", "code>=5"),
            *({"author.xsecretname": {"exists": True}}, {"team": ["open", "xsecret"]}),
        )
    ),
    call_tool("search", query="mill", min_probability=0.05),
    call_tool("search", query="mill", index="xsecret"),
    *(call_tool("get", id=unquote(id_)) for id_ in ("d3", "d99", "xsecret1", "xsecret/mill%20ü")),
    call_tool("list_indexes"),
]
IDS = ["d3", "d99", "xsecret1", "xsecret/mill%20%C3%BC", "xsecret/mill%20u%CC%88"]
REQUESTS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("POST", "/v1/search"): [
        *({"json": body} for body in search_requests()),
        {"json": {"query": QUERIES, "k": 50, "explain": True}},
    ],
    ("GET", "/v1/search"): [
        {"params": {"q": "mill", "k": 50, **more}}
        for more in (
            *({}, {"explain": "true"}, {"filter": "team!=open"}, {"filter": "xsecretfield>=0"}),
            *({"filter": "yeer=1"}, {"filter": "team=xsecret OR id=xsecret*"}),
            *({"filter": "code=5"}, {"filter": "code>=5"}),
            *({"fields": "metadata.xsecretfield"}, {"fields": "metadata.yeer"}),
        )
    ],
    ("GET", "/v1/documents/{id:path}"): [{"url": f"/v1/documents/{id_}"} for id_ in IDS],
    ("GET", "/v1/index"): [{}],
    ("POST", "/v1/documents"): [{"json": {"documents": [{"id": "xsecret1", "text": "Mine."}]}}],
    ("DELETE", "/v1/documents/{id:path}"): [
        {"url": f"/v1/documents/{id_}"} for id_ in ("d99", "xsecret1")
    ],
    ("POST", "/mcp"): TOOL_CALLS,
    ("GET", "/health"): [{}],
    ("GET", "/ready"): [{}],
    ("GET", "/metrics"): [{}],
    ("GET", "/openapi.json"): [{}],
    ("GET", "/"): [{}],
    ("GET", "/docs"): [{}],
    ("GET", "/assets/{name}"): [{"url": "/assets/page.js"}, {"url": "/assets/xsecret"}],
}
"""Requests for every route of the application."""


def list_routes(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route; an unknown kind of route fails."""
    for route in routes:
        if router := getattr(route, "original_router", None):  # routers of newer FastAPI
            yield from list_routes(router.routes)
            continue
        assert isinstance(route, Route)
        for method in (route.methods or {"*"}) - {"HEAD"}:
            yield method, route.path


def send(client: TestClient, method: str, path: str, request: Any, headers: Any) -> Any:
    headers = headers | request.get("headers", {})
    return client.request(method, **{"url": path} | request | {"headers": headers})


def comparable(text: str) -> str:
    return re.sub(r'"took_ms":[\d.]+', "", text)


def test_no_route_is_forgotten(services: Services) -> None:
    routes = services.whole.app.routes  # type: ignore[attr-defined]
    assert {*list_routes(routes)} == {*REQUESTS}


@pytest.mark.parametrize(("method", "path"), [*REQUESTS])
def test_a_route_shows_what_it_would_without_the_other_documents(
    services: Services, method: str, path: str
) -> None:
    shown = ""
    for request in REQUESTS[method, path]:
        answer = send(services.whole, method, path, request, services.headers["reader"])
        # What the request itself says may come back.
        named = {*re.findall(r"xsecret\w*", json.dumps(request))}
        said = {*re.findall(r"xsecret\w*", answer.text + str(answer.headers))}
        assert said <= named, request
        if path != "/metrics":  # which counts the requests of others, too
            headers = services.expected_headers["reader"]
            expected = send(services.expected, method, path, request, headers)
            assert comparable(answer.text) == comparable(expected.text), request
            assert answer.status_code == expected.status_code
        all_ = send(services.whole, method, path, request, services.headers["all"])
        shown += all_.text
    shows = ("/v1/search", "/v1/index", "/v1/documents/{id:path}", "/mcp")
    if path in shows and method != "DELETE":
        assert re.search("xsecretfield|xsecret title", shown)  # the others are there


def test_probabilities_and_near_duplicates_are_compared(services: Services) -> None:
    body = {"query": OPEN[2]["text"], "k": 50}
    headers = services.expected_headers["all"]
    (found,) = services.expected.post("/v1/search", json=body, headers=headers).json()["results"]
    assert found["hits"][0]["probability"] is not None
    headers = services.headers["all"]
    (found,) = services.whole.post("/v1/search", json=body, headers=headers).json()["results"]
    assert any(re.match("xsecret", id_) for hit in found["hits"] for id_ in hit["similar"])


def test_rights(services: Services) -> None:
    new = {"documents": [{"id": "n1", "text": "A new mill."}]}
    answer = services.whole.post("/v1/documents", json=new, headers=services.headers["all"])
    assert answer.status_code == 403
    assert answer.json() == {"detail": "the token 'all' has no right to write"}


def test_changes_are_seen_by_those_whose_filter_they_pass(
    tmp_path: Path, built: Path, encoder: Any, fast: None
) -> None:
    build(built / "open.jsonl", tmp_path / "i", load_recipe(None, CHOSEN), encoder=encoder)
    tokens, headers = make_tokens(tmp_path, new="team=open AND year>=2005", writer=None)
    searcher = Searcher.open(tmp_path / "i", encoder=encoder)
    adder = Adder(tmp_path / "i", encoder=encoder)
    with local(create_app(searcher, tokens, adder=adder)) as client:

        def count() -> int:
            documents: int = client.get("/v1/index", headers=headers["new"]).json()["documents"]
            return documents

        assert count() == 7
        more = [
            {"id": f"n{n}", "text": f"Mill {n}.", "metadata": {"team": team, "year": 2030}}
            for n, team in enumerate(["open", "xsecret"])
        ]
        answer = client.post("/v1/documents", json={"documents": more}, headers=headers["writer"])
        assert answer.status_code == 200, answer.text
        assert count() == 8
        assert client.get("/v1/documents/n0", headers=headers["new"]).status_code == 200
        assert client.get("/v1/documents/n1", headers=headers["new"]).status_code == 404
        add(tmp_path / "i", [{"_id": "n2", "text": "x", "team": "open"}], encoder=encoder)
        remove(tmp_path / "i", ["n0"])
        until(lambda: count() == 7)


def test_a_filter_that_the_index_cannot_have_any_more(
    tmp_path: Path, built: Path, encoder: Any, fast: None, caplog: pytest.LogCaptureFixture
) -> None:
    build(built / "whole.jsonl", tmp_path / "i", load_recipe(None, CHOSEN), encoder=encoder)
    tokens, headers = make_tokens(tmp_path, fields="xsecretfield>=0", all=None)
    searcher = Searcher.open(tmp_path / "i", encoder=encoder)
    with local(create_app(searcher, tokens), raise_server_exceptions=False) as client:
        url = "/v1/search?q=mill"
        assert client.get(url, headers=headers["fields"]).json()["results"][0]["hits"]
        build(built / "open.jsonl", tmp_path / "i", load_recipe(None, CHOSEN), encoder=encoder)
        until(lambda: client.get(url, headers=headers["fields"]).status_code == 500)
        for path in (url, "/v1/index", "/v1/documents/d3", f"{url}&filter=year>1"):
            answer = client.get(path, headers=headers["fields"])
            assert answer.json() == {"detail": "the service failed: its log says why"}
        assert client.get(url, headers=headers["all"]).status_code == 200
    searcher = Searcher.open(tmp_path / "i", encoder=encoder)
    with pytest.raises(CorpusTunerError, match=r"of a token: no document has .* 'xsecretfield'"):
        create_app(searcher, tokens)


def test_tokens_come_and_go_while_the_service_runs(
    index: Path, encoder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tokens, headers = make_tokens(index.parent, first=None)
    file = index.parent / "tokens.jsonl"

    def status(name: str) -> int:
        return client.get("/v1/index", headers=headers[name]).status_code

    with local(create_app(Searcher.open(index, encoder=encoder), tokens)) as client:
        assert status("first") == 200
        headers["second"] = {"Authorization": f"Bearer {add_token(file, 'second')}"}
        assert (status("first"), status("second")) == (200, 200)
        second = file.read_text(encoding="utf-8").splitlines()[1]
        file.write_text(second, encoding="utf-8")
        assert (status("first"), status("second")) == (401, 200)
        add_token(file, "third")
        assert status("second") == 200
        file.write_text(f"{second}\n{{", encoding="utf-8")
        assert status("second") == 401
        assert "line 2 is no token" in caplog.text
        file.write_text(second, encoding="utf-8")
        assert status("second") == 200
        file.chmod(0o640)
        assert status("second") == 401
        assert "chmod 600" in caplog.text
        file.unlink()
        assert status("second") == 401


def test_the_file_has_no_secret_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    secrets = [add_token(file, name) for name in ("one", "two")]
    assert len({*secrets}) == 2
    assert all(len(secret) > 43 for secret in secrets)
    text = file.read_text(encoding="utf-8")
    assert all(secret not in text for secret in secrets)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [token.name for token in TokenFile(file)] == ["one", "two"]
    with pytest.raises(CorpusTunerError, match="has a token called 'one'"):
        add_token(file, "one")
    file.chmod(0o604)
    with pytest.raises(CorpusTunerError, match=r"others than its owner: chmod 600"):
        TokenFile(file)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ct-a-secret", "Invalid JSON"),
        ('{"name": "a", "sha256": "ct-a-secret"}', "sha256: String should match"),
        ('{"name": "a", "sha256": "%s", "rights": ["admin"]}', "rights.0: Input should be 'read'"),
        ('{"name": "a", "sha256": "%s", "filter": "year"}', "is not like field=value"),
        ('{"name": "a", "sha256": "%s", "filter": {"year": {}}}', "has no operator"),
        ('{"name": "a", "sha256": "%s", "filter": "a=1", "rights": ["write"]}', "only the right"),
        ('{"name": "a", "sha256": "%s"}\n{"name": "a", "sha256": "%s"}', "is called 'a'"),
    ],
)
def test_lines_that_are_no_tokens(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "tokens.jsonl"
    file.touch(0o600)
    file.write_text(line.replace("%s", "0" * 64), encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"tokens.jsonl, line \d") as caught:
        TokenFile(file)
    assert said in str(caught.value)
    assert "ct-a-secret" not in str(caught.value)
