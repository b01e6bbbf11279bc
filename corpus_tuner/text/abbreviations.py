"""Abbreviations of languages, read from ``abbreviations.yaml``.

Those that are also words, or often end a sentence, apply only before a number or a name.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Abbreviations(NamedTuple):
    """Abbreviations of a language: before names, before numbers, and before anything."""

    titles: frozenset[str]
    before_numbers: frozenset[str]
    anywhere: frozenset[str]


@cache
def read_abbreviations() -> Mapping[str, Abbreviations]:
    """Return the abbreviations by ISO 639-1 code; they are read only once.

    Examples
    --------
    >>> "dr" in read_abbreviations()["en"].titles
    True
    """
    from corpus_tuner.core.yaml_files import load_yaml  # not needed to search

    words = load_yaml(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {
        language: Abbreviations(*(frozenset(words[kind][language].split()) for kind in words))
        for language in words["titles"]
    }
