"""The service as people start it, and its page in a real browser."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from corpus_tuner.indexes.store.search_settings import SearchSettings
from tests.cli.conftest import Run
from tests.conftest import write_jsonl

pytest.importorskip("fastapi")

ODD = [
    {
        "_id": "odd 1/2",
        "title": "<script>document.title='owned'</script>",
        "text": "Ein <b>Mühlrad</b> &amp; <img src=x onerror=\"document.title='owned'\">",
    },
    {
        "_id": "odd3",
        "title": "Steuer\u0007zeichen",
        "text": "Mühlrad \u001b[31m \u202e verkehrt",
        "kind/jk": "odd",
    },
]


class Service(NamedTuple):
    """Where it answers, what it said first, and its process."""

    address: str
    said: str
    process: "subprocess.Popen[str]"


def start(index: Path, *options: str) -> Service:
    command = [sys.executable, "-m", "corpus_tuner", "serve", str(index), "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()  # whoever reads it can connect
    found = re.match(r"http://\S+:(\d+) serves ", line)
    if found is None:
        process.kill()
        raise AssertionError((line, *process.communicate()))
    return Service(f"http://127.0.0.1:{found[1]}", line, process)


@pytest.fixture(scope="module")
def odd_index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    from corpus_tuner import build, load_recipe

    folder = tmp_path_factory.mktemp("serve")
    write_jsonl(folder / "corpus.jsonl", ODD)
    chosen = [
        *(f"encoder.name={encoder_folder}", "generator=null", "language=de"),
        "corpus.on_bad_record=skip",
    ]
    build(folder / "corpus.jsonl", folder / "index", load_recipe(None, chosen))
    return folder / "index"


@contextmanager
def serving(index: Path, *options: str) -> Iterator[str]:
    """Serve an index; give the address."""
    service = start(index, *options)
    try:
        yield service.address
    finally:
        service.process.kill()
        service.process.communicate()


@pytest.fixture(scope="module")
def odd_home(odd_index: Path) -> Iterator[str]:
    with serving(odd_index) as address:
        yield address


@pytest.fixture(scope="module")
def sample_home(sample_index: Path, browser: Any) -> Iterator[str]:
    with serving(sample_index) as address:
        yield address


def post(address: str, body: Any, **headers: str) -> Any:
    request = urllib.request.Request(
        f"{address}/v1/search",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_it_answers_and_ends_in_order(odd_index: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens.jsonl"
    secret = run("token", file, "reader").out.strip()
    started = start(odd_index, "--tokens", str(file))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        post(started.address, {"query": "Mühlrad"})
    found = post(started.address, {"query": "Mühlrad", "k": 2}, Authorization=f"Bearer {secret}")
    assert len(found["results"][0]["hits"]) == 2
    started.process.send_signal(signal.SIGTERM)
    _, err = started.process.communicate(timeout=30)
    assert started.process.returncode in (0, -signal.SIGTERM)
    assert "only this machine has access" in started.said
    assert "Traceback" not in err


@pytest.mark.slow
def test_several_workers_answer_and_end_in_order(odd_index: Path) -> None:
    started = start(odd_index, "--workers", "2")
    children = Path(f"/proc/{started.process.pid}/task/{started.process.pid}/children")
    if children.exists():
        assert len(children.read_text().split()) == 2
    for _ in range(5):
        assert len(post(started.address, {"query": "Mühlrad", "k": 2})["results"][0]["hits"]) == 2
    started.process.send_signal(signal.SIGTERM)
    _, err = started.process.communicate(timeout=60)  # ends when no worker has the pipe any more
    assert started.process.returncode == 0
    assert "Traceback" not in err


def test_several_workers_only_read(odd_index: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens.jsonl"
    run("token", file, "indexer", "--write")
    refused = run("serve", odd_index, "--workers", "2", "--tokens", file, "--port", "0")
    assert refused.code == 2
    assert "several --workers only read" in refused.err


@pytest.mark.slow
def test_it_ends_when_a_worker_cannot_open_the_index(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "corpus_tuner", "serve", str(tmp_path), "--workers", "2"]
    ended = subprocess.run(
        [*command, "--port", "0"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2
    assert "is not an index" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_it_says_when_anyone_can_ask(odd_index: Path) -> None:
    started = start(odd_index, "--host", "0.0.0.0")
    # Whoever runs tests in the background has this signal ignored until the service answers.
    urllib.request.urlopen(f"{started.address}/health", timeout=30).close()
    started.process.send_signal(signal.SIGINT)
    _, err = started.process.communicate(timeout=30)
    assert "public" in started.said
    assert "can read the whole corpus" in err


def test_a_port_that_is_taken(odd_index: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = run("serve", odd_index, "--port", port)
    assert outcome.code == 2
    assert outcome.out == ""
    assert f"cannot listen at 127.0.0.1, port {port}: Address already in use" in outcome.err


def test_an_address_that_there_is_not(odd_index: Path, run: Run) -> None:
    outcome = run("serve", odd_index, "--host", "nowhere.invalid")
    assert (outcome.code, outcome.out) == (2, "")
    assert "cannot listen at nowhere.invalid, port 8000" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 380])
def test_the_page_on_the_sample(sample_home: str, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(sample_home)
    page.get_by_role("searchbox").fill("moths in flour")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    hits = page.locator(".hit")
    assert hits.count() == 10
    assert "Moths in flour and muesli" in hits.first.locator("h2").inner_text()
    assert "flour" in hits.first.locator("mark").all_inner_texts()
    assert page.title() == "moths in flour · corpus-tuner"
    assert page.locator(".why .kind").count() == 10
    ranks = page.locator(".ranks").first.inner_text()
    assert all(name in ranks for name in SearchSettings().hybrid_weights)
    # Nothing is wider than the screen.
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.views li")
    assert page.locator("h1").inner_text() == "Moths in flour and muesli"
    kinds = page.locator("ul.views .kind").all_inner_texts()
    assert {"passage", "title", "sentence", "keywords"} <= set(kinds)
    page.go_back()
    page.wait_for_selector(".hit")
    page.get_by_label("lexical", exact=True).check()
    # Not by a function: the page's policy forbids the evaluation of text.
    page.locator(".ranks", has_text="passage").first.wait_for(state="detached")
    assert "mode=lexical" in page.url
    assert "Moths in flour and muesli" in hits.first.locator("h2").inner_text()

    page.goto(f"{sample_home}/?document=nowhere")
    page.wait_for_selector("#status.bad")
    assert "there is no document" in page.locator("#status").inner_text()


@pytest.mark.slow
def test_the_page_shows_what_it_finds_as_text(odd_home: str, page: Any) -> None:
    page.goto(f"{odd_home}/?q=Mühlrad&mode=lexical")
    page.wait_for_selector(".hit")
    assert page.locator(".hit").count() == 2
    shown = page.locator("main").inner_text()
    assert "<script>document.title='owned'</script>" in shown
    assert "<b>Mühlrad</b> &amp; <img" in shown
    assert "Mühlrad" in page.locator("mark").all_inner_texts()
    page.goto(f"{odd_home}/?document=odd%201%2F2")
    page.wait_for_selector("ul.views li")
    assert page.locator("h1").inner_text() == "<script>document.title='owned'</script>"
    assert page.title() != "owned"


@pytest.mark.slow
def test_the_page_says_what_is_wrong_with_its_address(odd_home: str, page: Any) -> None:
    page.goto(f"{odd_home}/?q=Mühlrad&k=1")
    page.wait_for_selector(".hit")
    assert page.locator(".hit").count() == 1
    assert page.get_by_label("first").input_value() == "1"
    for asked, said in (
        ("mode=bogus", "mode: Input should be 'hybrid', 'dense' or 'lexical'"),
        ("k=many", "k: Input should be a valid integer"),
        ("k=0", "k: Input should be greater than or equal to 1"),
    ):
        page.goto(f"{odd_home}/?q=Mühlrad&{asked}")
        page.locator("#status.bad", has_text=said).wait_for()


@pytest.mark.slow
def test_the_page_filters(odd_home: str, page: Any) -> None:
    page.goto(f"{odd_home}/?q=Mühlrad")
    page.locator(".hit").nth(1).wait_for()
    box = page.get_by_label("filter")
    box.fill("year")
    page.keyboard.press("Enter")
    page.locator("#filter-error", has_text="is not like field=value").wait_for()
    assert page.locator(".hit").count() == 0
    box.fill("kind/jk=odd")
    page.keyboard.press("Enter")
    page.locator(".hit").wait_for()
    assert page.locator("#filter-error").inner_text() == ""
    assert "filter=kind%2Fjk%3Dodd" in page.url
    page.reload()
    page.locator(".hit").wait_for()
    assert box.input_value() == "kind/jk=odd"


@pytest.mark.slow
def test_the_page_asks_for_the_token(odd_index: Path, page: Any, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens.jsonl"
    secret = run("token", file, "reader").out.strip()
    with serving(odd_index, "--tokens", str(file)) as home:
        page.goto(f"{home}/?q=Mühlrad")
        field = page.get_by_label("needs a token")
        field.fill("wrong")
        page.keyboard.press("Enter")
        page.locator("#sign-in-error", has_text="not the token").wait_for()
        field.fill(secret)
        page.keyboard.press("Enter")
        page.locator(".hit").first.wait_for()
        page.reload()
        page.locator(".hit").first.wait_for()
        assert not field.is_visible()
        page.get_by_role("button", name="Sign out").click()
        field.wait_for()
        assert page.locator(".hit").count() == 0


@pytest.mark.slow
def test_the_api_reference_loads_nothing_from_elsewhere(odd_home: str, page: Any) -> None:
    page.goto(f"{odd_home}/docs")
    page.locator(".opblock").first.wait_for()
    assert page.locator(".opblock").count() == 7


MARKED = [
    ("# Head\n\n**bold**, __bold__, *new*, _new_", "Head\n\nbold, bold, new, new"),
    ("[link](http://a/b) ![image](c.png) `co_de` ~~old~~", "link image co_de old"),
    ("- one\n* two\n- [x] three\n1. four", "one\ntwo\nthree\n1. four"),
    ("| a | b |\n|---|:-:|\n| c | d |", "a · b\nc · d"),
    ("> quoted\n\n```py\nx = 1\n```\n\n---", "quoted\n\n\nx = 1"),
    (r"\*no mark\*", "*no mark*"),
    *((text, text) for text in ("2 * 3 * 4", "snake_case_name", "a*b*c", "C#", "5 > 4 |")),
    *((text, text) for text in ("<b>not</b> &amp; markup", "a [note] (aside)")),
]


@pytest.mark.slow
def test_marks_of_markdown_are_left_out(odd_home: str, page: Any) -> None:
    page.goto(odd_home)
    for marked, expected in MARKED:
        assert page.evaluate("(text) => plain(text)", marked) == expected.strip()
