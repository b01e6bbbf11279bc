"""The service as people start it, and its page in a real browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import write_jsonl

pytest.importorskip("fastapi")

BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
DOCUMENTS = [
    {
        "_id": "m1",
        "title": "Die alte Mühle",
        "text": "Das Gericht und die Miete. Der Müller mahlt.",
    },
    {
        "_id": "x1",
        "title": "<script>document.title='owned'</script>",
        "text": "the <b>mill</b> wheel",
    },
    {"_id": "f1", "title": "Fever", "text": "The doctor treats fever. The nurse gives medicine."},
    {"_id": "c 1/2", "title": "Wheat", "text": "the farmer cuts wheat in summer \u202e and barley"},
]


class Service(NamedTuple):
    """Where it answers, and its process."""

    address: str
    process: "subprocess.Popen[str]"


def start(index: Path, *options: str, token: str = "") -> Service:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "corpus_tuner", "serve", str(index), "--port", str(port)]
    environment = os.environ | ({"CORPUS_TUNER_TOKEN": token} if token else {})
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):
                return Service(address, process)
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    from corpus_tuner import build, load_settings

    folder = tmp_path_factory.mktemp("serve")
    write_jsonl(folder / "corpus.jsonl", DOCUMENTS)
    chosen = [f"encoder.name={encoder_folder}", "generator.name=extractive", "language=de"]
    build(folder / "corpus.jsonl", folder / "index", load_settings(None, chosen))
    return folder / "index"


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Service]:
    started = start(index)
    yield started
    started.process.kill()


def post(address: str, body: Any, **headers: str) -> Any:
    request = urllib.request.Request(
        f"{address}/v1/search",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_it_answers_and_ends_in_order(index: Path) -> None:
    started = start(index, token="secret")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        post(started.address, {"query": "Mühle"})
    found = post(started.address, {"query": "Mühle", "k": 2}, Authorization="Bearer secret")
    assert len(found["results"][0]["hits"]) == 2
    started.process.send_signal(signal.SIGTERM)
    out, err = started.process.communicate(timeout=30)
    assert started.process.returncode in (0, -signal.SIGTERM)
    assert "only this machine can ask" in out
    assert "Traceback" not in err


def test_it_says_when_anyone_can_ask(index: Path) -> None:
    started = start(index, "--host", "0.0.0.0")
    started.process.send_signal(signal.SIGINT)
    out, err = started.process.communicate(timeout=30)
    assert "anyone can ask" in out
    assert "can read the whole corpus" in err


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    library = pytest.importorskip("playwright.sync_api")
    with library.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1200, 380])
def test_the_page_in_a_browser(service: Service, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(service.address)
    page.get_by_role("searchbox").fill("Mühle Müller")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    titles = page.locator(".hit h2").all_inner_texts()
    assert len(titles) == 4
    assert "Die alte Mühle" in " ".join(titles)
    assert "<script>document.title='owned'</script>" in " ".join(titles)  # as text
    assert "Mühle" in page.locator("mark").all_inner_texts()
    assert page.title() == "Mühle Müller · corpus-tuner"
    assert page.locator(".why .kind").count() == 4
    assert "by vectors" in page.locator(".ranks").first.inner_text()
    # Nothing is wider than the screen.
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_label("words", exact=True).check()
    # Not by a function: the page's policy forbids the evaluation of text.
    page.wait_for_selector(".hit:nth-of-type(4)", state="detached")
    assert "mode=lexical" in page.url

    page.locator("body").press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.views li")
    assert page.locator("h1").inner_text() == "Die alte Mühle"
    kinds = page.locator("ul.views .kind").all_inner_texts()
    assert {"passage", "title", "sentence", "keywords"} <= set(kinds)
    page.go_back()
    page.wait_for_selector(".hit")

    page.goto(f"{service.address}/?document=c%201%2F2")
    page.wait_for_selector("ul.views li")
    assert page.locator("h1").inner_text() == "Wheat"
    page.goto(f"{service.address}/?document=nowhere")
    page.wait_for_selector("#status.bad")
    assert "there is no document" in page.locator("#status").inner_text()
    assert all(each.startswith(service.address) for each in asked)
    assert not [each for each in said if "404" not in each]
    page.close()
