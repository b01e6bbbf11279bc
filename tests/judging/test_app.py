"""The judging page through HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from corpus_tuner import Searcher
from corpus_tuner.judging.app import create_app
from corpus_tuner.judging.pool import run_systems
from corpus_tuner.judging.store import Judgments
from corpus_tuner.judging.study import Study
from tests.judging.conftest import QUERIES


def open_client(study: Study, **options: object) -> TestClient:
    app = create_app(study, lambda queries: study, **options)  # type: ignore[arg-type]
    return TestClient(app, base_url="http://localhost")


@pytest.fixture
def client(make_study: Callable[..., Study]) -> Iterator[TestClient]:
    with open_client(make_study()) as opened:
        yield opened


def grade(
    client: TestClient, turn: dict[str, dict[str, object]], value: int, note: str = ""
) -> dict:  # type: ignore[type-arg]
    item = turn["item"]
    body = {"query": item["query"], "document": item["document"], "grade": value, "note": note}
    answer = client.post("/grades", json=body)
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def test_grading_undoing_and_measuring(client: TestClient) -> None:
    turn = client.get("/next").json()
    assert turn["progress"]["graded"] == 0
    first = turn["item"]
    turn = grade(client, turn, 2, "a note")
    assert turn["progress"]["graded"] == 1 and turn["item"]["document"] != first["document"]
    undone = client.post("/undo").json()
    assert undone["item"] == first | {"note": "a note"}
    assert (undone["undone"], undone["progress"]["graded"]) == (2, 0)
    assert client.post("/undo").status_code == 404

    wanted = {"query": first["query"], "system": ["hybrid", "dense"]}
    assert client.get("/compare", params=wanted).status_code == 409
    turn = undone
    while turn["item"]:
        turn = grade(client, turn, 1)
    assert turn["progress"]["queries_done"] == len(QUERIES)
    report = client.get("/report").json()
    assert [own["system"] for own in report["systems"]] == ["hybrid", "dense", "lexical"]
    rankings = client.get("/compare", params=wanted).json()
    assert list(rankings) == ["hybrid", "dense"]
    assert {row["grade"] for row in rankings["dense"]} == {1}
    text = client.get("/document", params={"id": first["document"]}).json()["text"]
    assert first["passage"] in text


@pytest.mark.parametrize(
    ("change", "status"),
    [({"grade": 4}, 422), ({"grade": -1}, 422), ({"document": "x"}, 404), ({"query": "x"}, 404)],
)
def test_bad_grades_are_refused(client: TestClient, change: dict[str, object], status: int) -> None:
    item = client.get("/next").json()["item"]
    body = {"query": item["query"], "document": item["document"], "grade": 1} | change
    assert client.post("/grades", json=body).status_code == status
    assert client.get("/next").json()["progress"]["graded"] == 0


def test_other_sites_and_names_are_refused(client: TestClient) -> None:
    evil = {"Origin": "http://evil.example"}
    assert client.post("/undo", headers=evil).status_code == 403
    assert client.get("/next", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/assets/app.py").status_code == 404
    for path in ("/", "/assets/judge.js", "/assets/judge.css"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "innerHTML" not in answer.text and "http:" not in answer.text


def test_proposed_queries_are_edited_and_pooled(searcher: Searcher, tmp_path: Path) -> None:
    judgments = Judgments(tmp_path / "empty.sqlite")
    exported: list[int] = []

    def open_study(queries: object) -> Study:
        assert isinstance(queries, dict)
        judgments.add_queries(queries)
        return Study(searcher, judgments, "ann", queries, run_systems(searcher, queries))

    app = create_app(
        open_study({}), open_study, lambda: ["a title"], lambda study: exported.append(1)
    )
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/next").json()["item"] is None
        assert client.get("/proposals").json() == ["a title"]
        assert client.post("/queries", json={"texts": [" "]}).status_code == 422
        turn = client.post("/queries", json={"texts": ["mill  river", "mill river", "x"]}).json()
        assert turn["progress"]["queries"] == 2
        assert sorted(judgments.read_queries().values()) == ["mill river", "x"]
        assert client.post("/queries", json={"texts": ["y"]}).status_code == 409
        grade(client, turn, 3)
        assert exported == [1]
