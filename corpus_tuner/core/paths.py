"""Settings whose values may be paths of files or folders, such as models and prompts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationInfo

FOLDER = "folder"
"""Key in the context of a validation: the folder of relative paths, if not the current one."""
RESERVED = ("auto", "builtin", "multilingual", "smollm2", "smollm2-instruct")
"""Names of embedded models; a folder of such a name is ``./builtin``.

Tests check that the names of all embedded encoders are here.
"""

_Value = TypeVar("_Value")


class _Mark:
    """Marker of a field that may name a file or folder."""


def _resolve_path(value: _Value, info: ValidationInfo) -> _Value:
    """Return the absolute path of an existing file; other values are unchanged."""
    if not isinstance(value, str | Path) or str(value) in RESERVED:
        return value
    path = Path((info.context or {}).get(FOLDER, "")) / value
    return type(value)(path.resolve()) if path.exists() else value


NamesFile = Annotated[_Value, AfterValidator(_resolve_path), _Mark()]
"""Type of a value that may be the path of a file or folder, or the name of a model on a hub."""


def find_files(settings: object) -> Iterator[Path]:
    """Yield the files and folders that settings name, and the settings within them.

    Examples
    --------
    >>> class Settings(BaseModel):
    ...     model: NamesFile[str]
    >>> [path.is_absolute() for path in find_files((Settings(model="."), Settings(model="of/hub")))]
    [True]
    """
    if isinstance(settings, list | tuple):
        for one in settings:
            yield from find_files(one)
    fields = type(settings).model_fields if isinstance(settings, BaseModel) else {}
    for name, field in fields.items():
        value = getattr(settings, name)
        if not any(isinstance(mark, _Mark) for mark in field.metadata):
            yield from find_files(value)
        elif isinstance(value, str | Path) and Path(value).is_absolute() and Path(value).exists():
            yield Path(value)
