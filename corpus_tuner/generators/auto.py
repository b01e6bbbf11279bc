"""The generators that suit a language (docs/generator.md has the figures)."""

from typing import Literal

from corpus_tuner.generators import extractive, seq2seq
from corpus_tuner.indexes.registry import PartSettings

TAUGHT = ("en",)
"""Languages in which the built-in model writes questions."""


class Settings(PartSettings):
    """Nothing to choose."""

    name: Literal["auto"] = "auto"


def usual(language: str) -> tuple[PartSettings, ...]:
    """Return the settings of the generators for a language."""
    if language not in TAUGHT:
        return (extractive.Settings(),)
    # It was trained on texts of 160 tokens. Its likeliest words make sense far more often than
    # sampled ones, and are written in batches; keywords are taken from the document itself.
    written = seq2seq.Settings(kinds=("question",), decoding="beam", beams=1, max_source_tokens=160)
    return (extractive.Settings(), written)
