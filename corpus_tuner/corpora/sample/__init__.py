"""Small corpora of our own, English and German, with queries and judgments, in BEIR layout."""

from pathlib import Path

LANGUAGES = ("en", "de")


def sample_folder(language: str) -> Path:
    """Return the folder of the sample corpus in a language, one of `LANGUAGES`.

    Examples
    --------
    >>> sorted(path.name for path in sample_folder("en").iterdir())
    ['corpus.jsonl', 'qrels', 'queries.jsonl']
    """
    return Path(__file__).parent / language
