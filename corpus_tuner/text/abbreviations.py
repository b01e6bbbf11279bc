"""Abbreviations of languages, read from ``abbreviations.yaml``.

Those that are also words, or often end a sentence, apply only before a number or a name.
"""

from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.yaml_files import load_yaml


class Abbreviations(NamedTuple):
    """Abbreviations of a language: before names, before numbers, and before anything."""

    titles: frozenset[str]
    before_numbers: frozenset[str]
    anywhere: frozenset[str]


_WORDS = load_yaml(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
ABBREVIATIONS = {
    language: Abbreviations(*(frozenset(_WORDS[kind][language].split()) for kind in _WORDS))
    for language in _WORDS["titles"]
}
"""Abbreviations by ISO 639-1 code."""
