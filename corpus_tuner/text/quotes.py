"""Quotes: where words of a document, with single spaces between them, are in its text."""

import re

from corpus_tuner.encoders import Span


def find_quote(text: str, quote: str, start: int = 0) -> Span | None:
    r"""Return the span of a quote in a text, whatever white space is between its words.

    It is ``None`` where the quote has no words, or they are not in the text behind `start`.

    Examples
    --------
    >>> find_quote("They grind.\n\nThey stand\nby rivers.", "They stand by rivers.")
    (13, 34)
    """
    quote = quote.strip()
    at = text.find(quote, start) if quote else -1
    if at >= 0:
        return at, at + len(quote)
    words = quote.split()
    if len(words) < 2 or any(word not in text for word in words):
        return None
    found = re.compile(r"\s+".join(map(re.escape, words))).search(text, start)
    return found.span() if found else None
