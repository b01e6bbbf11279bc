"""Archives that are refused before they are unpacked."""

import zipfile
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.corpora.formats.archive import check_archive


def test_what_is_no_archive_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK no")
    with pytest.raises(zipfile.BadZipFile):
        check_archive(tmp_path / "a.docx")


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(65 * 2**20))
    with pytest.raises(CorpusTunerError, match=r"a\.docx: larger than can be read when unpacked"):
        list(Corpus(tmp_path, CorpusSettings(on_bad_record="fail")))
