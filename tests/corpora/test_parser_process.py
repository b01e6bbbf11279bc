"""Limits of memory and time in parsing files."""

import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("lxml")

from corpus_tuner.corpora.corpus import Corpus
from corpus_tuner.corpora.formats import UnreadableError
from corpus_tuner.corpora.parser_process import ParserProcess
from corpus_tuner.corpora.settings import CorpusSettings

LIMITS = CorpusSettings(parse_memory=768, parse_seconds=2)


def write_epub(file: Path, times: int) -> None:
    """Write an e-book whose only chapter is named many times."""
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="c.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    items = '<itemref idref="a"/>' * times
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
        f"{items}</spine></package>"
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("c.opf", package)
        archive.writestr("a.xhtml", f"<html><body><p>{'mill ' * 5_000}</p></body></html>")


def write_mail(file: Path, words: int) -> None:
    """Write a mail with many encoded words in its subject, which take the library gigabytes."""
    file.write_bytes(b"Subject: " + b"=?utf-8?q?a?= " * words + b"\r\n\r\nThe mill grinds.")


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    write_epub(tmp_path / "long.epub", 20_000)
    (tmp_path / "short.html").write_text("<p>The old mill.", encoding="utf-8")
    with ParserProcess(LIMITS) as parser:
        with pytest.raises(UnreadableError, match=r"takes longer to parse than corpus\.parse_sec"):
            parser.read(tmp_path / "long.epub")
        assert parser.read(tmp_path / "short.html").text == "The old mill."


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_a_file_that_takes_too_much_memory_is_a_bad_record(tmp_path: Path) -> None:
    write_mail(tmp_path / "a.eml", 30_000)
    write_mail(tmp_path / "b.eml", 3)
    corpus = Corpus(str(tmp_path), LIMITS)
    documents = [document for chunk in corpus.iterate_chunks(8) for document in chunk]
    assert [document.id for document in documents] == ["b.eml"]
    (skipped,) = corpus.list_skipped()
    assert skipped.reason == "needs more memory to parse than corpus.parse_memory"


def test_errors_of_a_file_pass_through(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(b"no archive")
    with ParserProcess(CorpusSettings()) as parser:
        with pytest.raises(UnreadableError) as raised:
            parser.read(tmp_path / "a.epub")
        assert raised.value.reason
        with pytest.raises(FileNotFoundError):
            parser.read(tmp_path / "nowhere.html")


def test_a_process_that_died_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>The old mill.", encoding="utf-8")
    with ParserProcess(CorpusSettings()) as parser:
        parser.read(tmp_path / "a.html")
        assert parser._process is not None
        parser._process.kill()
        parser._process.wait()
        assert parser.read(tmp_path / "a.html").text == "The old mill."
