"""A server as a generator, tried against one that misbehaves in every way."""

import json
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.generators import IncompleteError, open_generator
from corpus_tuner.generation.generators.endpoint import Settings
from corpus_tuner.generation.prompts import Instruction, load_instructions
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl
from tests.openai_server import KEY, Answer, Server, failing, good

PASSAGES = ["the first", "the second", "the third"]
ASK = Instruction("question", "en", "Ask about: {title} {text}", "Be brief.")
READINGS = [EncodedDocument(Document(f"d{number}", "", f"text {number}")) for number in range(6)]


def slow(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    time.sleep(1.5)
    good()(handler, body)


def slow_a_little(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    time.sleep(0.2)
    good()(handler, body)


def half(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    handler.connection.close()


def endless(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    begin(handler)
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * 100_000)


def byte_by_byte(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    begin(handler)
    with suppress(OSError):
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)


def begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()


UNUSABLE = {
    "surrogate": failing(200, r'{"choices": [{"message": {"content": "Why \ud83d?"}}]}'),
    "nested": failing(200, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "endless": endless,
    "byte-by-byte": byte_by_byte,
}


@pytest.fixture
def server(openai_server: Server) -> Server:
    return openai_server


def generate(
    server: Server, readings: list[EncodedDocument] | None = None, **values: Any
) -> list[Any]:
    settings = Settings(url=server.url, model="m", **values)
    generator = open_generator(settings, encoder=None)  # type: ignore[arg-type]
    return generator.generate(READINGS if readings is None else readings, ASK)


def test_what_is_requested_and_answered(server: Server) -> None:
    more = {"chat_template_kwargs": {"enable_thinking": False}}
    written = generate(server, more=more, concurrency=2)
    assert [one.texts for one in written] == [(f"What is {number}?",) for number in range(6)]
    one, *others = server.requested
    assert one["messages"][0] == {"role": "system", "content": "Be brief."}
    assert one["messages"][1]["content"].startswith("Ask about:  text ")
    assert (one["model"], one["chat_template_kwargs"]) == ("m", {"enable_thinking": False})
    assert len({requested["seed"] for requested in (one, *others)}) == 6
    assert server.keys == {f"Bearer {KEY}"}
    assert server.most_at_once <= 2


@pytest.mark.parametrize(
    "answer",
    [
        failing(429, Retry_After="0"),
        failing(500),
        failing(503, "<html>busy</html>", kind="text/html"),
        slow,
        half,
        failing(200, '{"choices": [{"mess'),
        failing(200, "<html>hello</html>", kind="text/html"),
        failing(200, '{"object": "nothing"}'),
        failing(200, "[]"),
    ],
    ids="429 500 503 slow half cut-JSON page no-choices list".split(),  # noqa: SIM905
)
def test_what_fails_for_a_while_is_tried_again(server: Server, answer: Answer) -> None:
    server.script = [answer, answer]
    written = generate(server, timeout=1, retries=3)
    assert [one.texts for one in written] == [(f"What is {number}?",) for number in range(6)]
    assert len(server.requested) == 8


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failing(500, f"it had {KEY} and failed"), r"goes on failing.*it had \*\*\* and failed"),
        (failing(401, f"bad key {KEY}"), r"\$OPENAI_API_KEY has a key that it does not take"),
        (failing(404, "no such model"), r"refuses the request for 'm'.*no such model"),
        (failing(200, "<html>x</html>", kind="text/html"), "no answer that can be read"),
        (half, "cannot be reached"),
        (slow, "takes more than 1 s"),
    ],
    ids="500 401 404 page half slow".split(),  # noqa: SIM905
)
def test_what_goes_on_failing_is_said_and_nothing_is_lost(
    server: Server, answer: Answer, said: str
) -> None:
    server.script = [good(), good(), *[answer] * 20]
    with pytest.raises(IncompleteError, match=said) as raised:
        generate(server, retries=1, concurrency=1, timeout=1)
    assert {number: one.texts for number, one in raised.value.written.items()} == {
        0: ("What is 0?",),
        1: ("What is 1?",),
    }
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_that_cannot_be_used_is_tried_again_and_left_out(
    server: Server, answer: Answer
) -> None:
    server.script = [answer, good(), answer, answer]
    written = generate(server, READINGS[:3], retries=1, concurrency=1, timeout=1)
    assert [one.texts for one in written] == [("What is 0?",), (), ("What is 2?",)]


def test_a_surrogate_in_structured_output_is_left_out(server: Server) -> None:
    server.script = [good(r'{"texts": ["Why \ud83d?"]}'), good('{"a": ' + "[" * 100_000)]
    written = generate(server, READINGS[:2], retries=0, concurrency=1, structured=True)
    assert [one.texts for one in written] == [(), ()]


def test_requests_under_way_are_not_lost(server: Server) -> None:
    all_sent = Barrier(4)

    def when_all_are_sent(answer: Answer) -> Answer:
        def wait(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            all_sent.wait(timeout=30)
            answer(handler, body)

        return wait

    server.script = [when_all_are_sent(answer) for answer in (failing(404), *[slow_a_little] * 3)]
    with pytest.raises(IncompleteError) as raised:
        generate(server, concurrency=4, retries=0)
    assert len(raised.value.written) >= 3


@pytest.mark.parametrize(
    ("answer", "values", "texts"),
    [
        (good("a", "b", "c"), {"outputs": 2}, ("a", "b")),
        (good("a"), {"outputs": 3}, ("a",)),
        (good("a", " a\n"), {"outputs": 2}, ("a",)),
        (good(None), {}, ()),
        (good("cut off in the"), {}, ("cut off in the",)),
        (good("cut off in the", finish="length"), {}, ()),
        (good("<think>Well, hm.</think>\n\nWhy?"), {}, ("Why?",)),
        (good("<think>Well, hm."), {}, ()),
        (good('{"texts": ["a", 7, "b"]}'), {"structured": True, "outputs": 3}, ("a", "b")),
        (good('{"texts": ["a", "b", "c"]}'), {"structured": True, "outputs": 2}, ("a", "b")),
        (good('```json\n{"texts": ["a"]}\n```'), {"structured": True}, ("a",)),
        (good('{"text": "a"}'), {"structured": True}, ()),
        (good('["a"]'), {"structured": True}, ()),
        (good("no JSON {"), {"structured": True}, ()),
    ],
)
def test_answers_of_all_kinds(
    server: Server, answer: Answer, values: dict[str, Any], texts: tuple[str, ...]
) -> None:
    server.script = [answer]
    (written,) = generate(server, READINGS[:1], **values)
    assert written.texts == texts
    assert ("response_format" in server.requested[0]) == bool(values.get("structured"))


def accept_schema(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Answer as a server does that writes JSON by the schema of the request."""
    schema = body["response_format"]["json_schema"]["schema"]
    (name,) = schema["required"]
    assert schema["properties"][name] == {"type": "array", "items": {"type": "string"}}
    good(json.dumps({name: ["One?", "Two?"]}))(handler, body)


def test_a_server_that_takes_a_schema(server: Server) -> None:
    server.script = [accept_schema] * 6
    written = generate(server, structured=True, outputs=2)
    assert [one.texts for one in written] == [("One?", "Two?")] * 6
    (choice, *_) = server.requested
    assert choice["response_format"]["json_schema"]["strict"] is True
    assert "n" not in choice


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_a_schema(server: Server, status: int) -> None:
    server.script = [failing(status, "response_format is not supported")] * 9
    with pytest.raises(IncompleteError, match=r"not supported.*generator\.structured=false"):
        generate(server, structured=True)


def test_a_server_that_takes_no_notice_of_a_schema_is_not_paid_for_long(server: Server) -> None:
    readings = [EncodedDocument(Document(f"d{number}", "", "text")) for number in range(30)]
    with pytest.raises(IncompleteError, match=r"no notice.*'What is 1.'.*structured=false"):
        generate(server, readings, structured=True, concurrency=1)
    assert len(server.requested) == 8
    server.script = [good('{"texts": ["a"]}')]
    written = generate(server, readings, structured=True, concurrency=1)
    assert sum(bool(one.texts) for one in written) == 1


def test_passages_of_a_document_follow_one_another_for_the_cache_of_prompts(
    server: Server,
) -> None:
    (context,) = load_instructions(("context",), "en")
    documents = [Document(f"d{number}", "Mills", f"text {number} " * 50) for number in range(4)]
    readings = [
        EncodedDocument(source)
        for document in documents
        for source in context.list_sources(document, PASSAGES)
    ]
    server.script = [slow_a_little] * 12
    settings = Settings(url=server.url, model="m", concurrency=4)
    generator = open_generator(settings, encoder=None)  # type: ignore[arg-type]
    assert len(generator.generate(readings, context)) == 12
    prompts = [request["messages"][-1]["content"] for request in server.requested]
    for document in documents:
        own = [prompt for prompt in prompts if document.text in prompt]
        assert [prompt.split("\n")[-3] for prompt in own] == PASSAGES
        assert all(prompt.startswith(f"Mills\n{document.text}\n") for prompt in own)
    assert server.most_at_once <= 4
    begun = [prompts.index(next(one for one in prompts if d.text in one)) for d in documents]
    assert max(begun) < 4  # documents are written for at once


def test_long_documents_are_cut_and_counted(server: Server) -> None:
    long = EncodedDocument(Document("d", "T", "word " * 100))
    short, cut = generate(server, [READINGS[0], long], max_source_characters=50, concurrency=1)
    assert (short.cut, cut.cut) == (False, True)
    assert len(server.requested[1]["messages"][1]["content"]) < 80


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"budget_tokens": 30}, "budget_tokens, 30, is spent: 30 tokens"),
    ],
)
def test_a_budget_ends_it(server: Server, values: dict[str, Any], said: str) -> None:
    with pytest.raises(IncompleteError, match=said) as raised:
        generate(server, concurrency=1, **values)
    assert [*raised.value.written] == [0, 1]
    assert len(server.requested) == 2


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://me:secret@x/v1", "http://x/v1?key=secret"]
)
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Settings(url=url, model="m")


def test_nobody_is_there(server: Server) -> None:
    server.server_close()
    with pytest.raises(IncompleteError, match="cannot be reached"):
        generate(server, retries=0)


def test_models_that_chat_have_a_system_message() -> None:
    for language in ("en", "de", "pt"):
        instructions = load_instructions(("title", "claim"), language)
        assert len({instruction.system for instruction in instructions}) == 1
    english, german = (load_instructions(("title",), code)[0].system for code in ("en", "de"))
    assert english != german != ""


def test_a_build_goes_on_where_the_budget_ended(
    server: Server, tmp_path: Path, run: Run, small: list[str]
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(8))
    index = tmp_path / "index"
    values = {"name": "endpoint", "url": server.url, "model": "m", "concurrency": 1}
    values |= {"kinds": ["question"]}

    def build(**more: Any) -> Any:
        generator = f"generator={json.dumps(values | more)}"
        return run("build", corpus, "-o", index, *small, "--set", generator, "--set", "checks=[]")

    stopped = build(budget_tokens=45)
    assert stopped.code == 2
    assert "is spent: 45 tokens; what was written is stored" in " ".join(stopped.err.split())
    assert "Traceback" not in stopped.err
    assert len(server.requested) == 3
    done = build()
    assert done.code == 0, done.err
    assert len(server.requested) == 8  # nothing is paid for twice
    assert "8 question" in done.out
    stored = b"".join(file.read_bytes() for file in index.rglob("*") if file.is_file())
    assert KEY.encode() not in stored
    assert KEY not in done.out + done.err + stopped.err
