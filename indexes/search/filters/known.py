"""What a filter asks of an index, compared with the fields that it has."""

from collections.abc import Iterable
from difflib import get_close_matches

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.search.filters.conditions import Condition, uses_of
from corpus_tuner.indexes.store.fields import ID, Fields

_MOST_NAMED = 12  # fields


def check_fields(condition: Condition, fields: Fields) -> None:
    """Refuse a filter that no document could pass or fail, as its field or type is a mistake.

    Parameters
    ----------
    condition
        The filter.
    fields
        Of the index.

    Raises
    ------
    SearchIndexError
        If there is no such field, or it never has values of this type; the message names the fields
        that there are, those first whose names are alike.

    Examples
    --------
    >>> from corpus_tuner.indexes.search.filters import compile_filter
    >>> from corpus_tuner.indexes.store.fields import Field
    >>> check_fields(compile_filter({"year": 1850}), {"year": Field(3, {"number": 3})})
    """
    if ID in fields and not fields[ID].documents:
        return  # an empty index knows no fields
    for use in uses_of(condition):
        field = fields.get(use.field)
        if field is None:
            raise SearchIndexError(
                f"no document has the field {use.field!r:.80}: {_there_are(use.field, fields)}"
            )
        if use.type and use.type not in field.types:
            inside = [name for name in fields if name.startswith(f"{use.field}.")]
            remedy = f"; it has the fields {', '.join(inside[:_MOST_NAMED])}" if inside else ""
            raise SearchIndexError(
                f"the filter compares the field {use.field!r} with {use.type}, {use.value:.80}, "
                f"and it has only {' and '.join(field.types)}{remedy}"
            )


def _there_are(field: str, fields: Fields) -> str:
    """Name the fields of an index, those first that may have been meant."""
    close = get_close_matches(field, fields, n=3)
    said = f"did you mean {_named(close, fields, ' or ')}? " if close else ""
    others = [name for name in fields if name not in close]
    left = len(others) - _MOST_NAMED
    more = f" and {left:,} more, which corpus-tuner info lists" if left > 0 else ""
    also = "also " if close else ""
    listed = f"there are {also}{_named(others[:_MOST_NAMED], fields)}{more}" if others else ""
    return f"{said}{listed}".strip()


def _named(names: Iterable[str], fields: Fields, between: str = ", ") -> str:
    return between.join(f"{name} ({', '.join(fields[name].types)})" for name in names)
