"""Small corpora of our own, English and German, with queries and judgments, in BEIR layout."""

from pathlib import Path

LANGUAGES = ("en", "de")


def sample_folder(language: str) -> Path:
    """Return the folder of the sample corpus in a language, one of `LANGUAGES`."""
    return Path(__file__).parent / language
