"""Settings of corpora."""

import pytest

from corpus_tuner.corpora import CorpusSettings


def test_an_encoding_that_is_none() -> None:
    with pytest.raises(ValueError, match="is no encoding"):
        CorpusSettings(encoding="base64")


@pytest.mark.parametrize("name", ["cp1251", "Shift_JIS", "UTF-16", None])
def test_encodings_that_are_known(name: str | None) -> None:
    assert CorpusSettings(encoding=name).encoding == name


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter"):
        CorpusSettings(delimiter=delimiter)


def test_a_pattern_alone_is_a_list_of_one() -> None:
    settings = CorpusSettings.model_validate({"include": "*.md", "exclude": ["a", "b"]})
    assert (settings.include, settings.exclude) == (("*.md",), ("a", "b"))
    with pytest.raises(ValueError, match="include"):
        CorpusSettings(include=("!",))
