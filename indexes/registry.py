"""Swappable parts: one file each, opened by its name.

A file of parts holds ``Settings``, a `PartSettings`, and the class that is made from them.
"""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict


class PartSettings(BaseModel):
    """Settings of a part; `name` is that of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str


def part(package: str, name: str) -> ModuleType:
    """Import the file `name` of `package`.

    Raises
    ------
    ValueError
        If there is no such part; the message lists those there are.
    """
    folder = import_module(package).__path__
    known = sorted(file.name for file in pkgutil.iter_modules(folder) if file.name[0] != "_")
    if name not in known:
        kind = package.rpartition(".")[2].removesuffix("s")
        raise ValueError(f"no {kind} is called {name!r}; there are: {', '.join(known)}")
    return import_module(f"{package}.{name}")


def read_settings(package: str, values: dict[str, Any]) -> PartSettings:
    """Read the settings of the part of `package` that ``values["name"]`` names.

    Raises
    ------
    ValueError
        If there is none of that name, or a value does not fit.
    """
    settings: type[PartSettings] = part(package, str(values.get("name"))).Settings
    return settings.model_validate(values)
