"""Numbers with their nouns, for messages."""


def format_count(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, in the plural unless the number is 1.

    Examples
    --------
    >>> format_count(1, "document"), format_count(1200, "query", "queries")
    ('1 document', '1,200 queries')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
