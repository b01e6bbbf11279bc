"""Checks of arguments and settings, with messages that name the valid values."""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ValidationError

from corpus_tuner.errors import SearchIndexError

_Function = TypeVar("_Function", bound=Callable[..., Any])
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class CheckedModel(BaseModel):
    """Base class of public settings that raise an exception of this package for invalid values.

    Attributes
    ----------
    error
        Class of the exception.
    """

    error: ClassVar[type[ValueError]] = SearchIndexError

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = "\n".join(f"  {describe_problem(problem)}" for problem in error.errors())
            name = type(self).__name__
            raise self.error(f"{name} do not fit:\n{problems}") from error

    # Validation inside of other models goes on in pydantic, which then knows the whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def describe_problem(problem: Any, hint: str = "") -> str:
    """Describe an error of pydantic: the name of the field, the reason, a hint, and the value."""
    name = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "there is no such setting"
    given = problem.get("input")
    value = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    return f"{name}: {message}{hint}{value}"


def check_path(value: object, name: str) -> Path:
    """Return an argument as a path.

    Raises
    ------
    SearchIndexError
        If it is neither a text nor a path.

    Examples
    --------
    >>> check_path("my-index", "index").name
    'my-index'
    """
    if not isinstance(value, str | Path):
        raise SearchIndexError(
            f"{name}: give a path, as text or pathlib.Path, not {describe_value(value)}"
        )
    return Path(value)


def check_texts(value: object, name: str) -> Sequence[str]:
    """Return an argument, one text or several, as a sequence.

    Raises
    ------
    SearchIndexError
        If it is something else.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Sequence):
        raise SearchIndexError(
            f"{name}: give a text or a list of texts, not {describe_value(value)}"
        )
    for number, text in enumerate(value, start=1):
        if not isinstance(text, str):
            raise SearchIndexError(f"{name}: number {number} is no text but {describe_value(text)}")
    return value


def is_utf8(text: str) -> bool:
    """Tell whether a text can be encoded as UTF-8: it has no half of a surrogate pair."""
    return _SURROGATE.search(text) is None


def describe_value(value: object) -> str:
    """Return a value for messages, shortened, with its type."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:59] + '…'} ({type(value).__name__})"


def check_argument_names(function: _Function) -> _Function:
    """Decorate a function to list its parameters if it is called with an unknown one.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     try:
    ...         searcher.search("mill", top_k=3)
    ...     except TypeError as error:
    ...         print(str(error).partition(", settings")[0])
    search() has no parameter 'top_k': it has queries, k, mode
    """
    known = [name for name in signature(function).parameters if name != "self"]

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        for name in named:
            if name not in known:
                raise TypeError(
                    f"{function.__name__}() has no parameter {name!r}: it has {', '.join(known)}"
                )
        return function(*arguments, **named)

    return cast(_Function, call)
