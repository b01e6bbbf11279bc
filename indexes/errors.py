"""What can go wrong in this wing, in words for the person who can mend it."""


class SearchIndexError(ValueError):
    """An index, an encoder or a representation cannot be used; the message says what to do."""
