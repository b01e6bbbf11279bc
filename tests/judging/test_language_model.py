"""A language model as a judge: a local server that grades with a known bias."""

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

pytest.importorskip("openai")

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.judging.language_model import grade_pools, parse_grade
from corpus_tuner.judging.report import make_report
from corpus_tuner.judging.study import Study
from tests.judging.conftest import QUERIES, judge_all
from tests.openai_server import Server, failing, send


def find_truth(query: str, title: str) -> int:
    return (len(query) + sum(map(ord, title))) % 4


def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Grade one more than the truth, and say it with more words than requested."""
    (prompt,) = (message["content"] for message in body["messages"])
    found = re.search("Query: (.*)\n\nTitle: (.*)\nPassage: ", prompt)
    assert found and body["temperature"] == 0 and found[1] in QUERIES.values()
    said = f"Grade: {min(3, find_truth(*found.groups()) + 1)}."
    message = {"role": "assistant", "content": said}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    send(handler, 200, json.dumps({"id": "x", "choices": [choice]}))


def mumble(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": "It is relevant in 10 of 10."}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    send(handler, 200, json.dumps({"id": "x", "choices": [choice]}))


@pytest.fixture
def server(openai_server: Server) -> Server:
    openai_server.script = [answer] * 1_000
    return openai_server


def test_a_biased_model_is_corrected(server: Server, make_study: Callable[..., Study]) -> None:
    study = make_study(in_random_order=True)
    documents = study.count_progress().documents
    assert grade_pools(study, server.url, "mild") == 0
    assert len(server.requested) == documents

    def grade(query: str, document: str) -> int:
        return find_truth(QUERIES[query], study.list_items(query)[document].title)

    for own in study.judgments.read_grades():
        assert own.judge == "llm:mild" and own.grade == min(3, grade(own.query, own.document) + 1)
    judge_all(study, grade)
    report = make_report(study)
    assert (report.model, report.sample) == ("llm:mild", len(QUERIES))
    for system in report.systems:  # people judged all, so the model changes nothing
        assert system.predicted == system.people
        assert system.predicted and system.predicted.mean == pytest.approx(
            system.measures["nDCG@10"].mean
        )
    (pair,) = report.agreement
    assert pair.judges == ("ann", "llm:mild") and pair.kappa < 0.5 < pair.weighted


def test_a_model_continues_after_a_failure(
    server: Server, make_study: Callable[..., Study]
) -> None:
    study = make_study()
    pools = [len(pool) for pool in study.pools.values()]
    server.script = [answer] * pools[0] + [failing(401)] * 1_000
    with pytest.raises(CorpusTunerError, match="asks for a key"):
        grade_pools(study, server.url, "m")
    assert len(study.judgments.read_grades()) == pools[0]
    server.script, server.requested = [answer] * 1_000, []
    grade_pools(make_study(), server.url, "m")
    assert len(server.requested) == sum(pools[1:])


def test_an_answer_without_a_grade_counts_as_0(
    server: Server, make_study: Callable[..., Study]
) -> None:
    study = make_study()
    server.script = [mumble] + [answer] * 1_000
    assert grade_pools(study, server.url, "m") == 1
    noted = [own for own in study.judgments.read_grades() if own.note]
    assert [own.grade for own in noted] == [0]
    assert parse_grade("<think>") is None and parse_grade("3/3") == 3
