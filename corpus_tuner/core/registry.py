"""Registry of plugins: swappable components, one file each, opened by name.

A plugin module has ``Settings``, a `PluginSettings`, and the class that is built from them. Other
packages add plugin modules by entry points (docs/guide/plugins.md). A recipe, and so the manifest
of an index from an unknown source, can name installed plugins and no other code.
"""

import pkgutil
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel, ConfigDict


class PluginSettings(BaseModel):
    """Settings of a plugin; `name` is that of its module."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str


def load_plugin(package: str, name: str) -> Any:
    """Import the module `name` of `package`, or the plugin of that name of another package.

    Raises
    ------
    ValueError
        If there is no such plugin; the message lists the known ones.
    """
    folder = import_module(package).__path__
    modules = [file.name for file in pkgutil.iter_modules(folder) if file.name[0] != "_"]
    if name in modules:
        return import_module(f"{package}.{name}")
    kinds = package.rpartition(".")[2]
    others = {point.name: point for point in entry_points(group=f"corpus_tuner.{kinds}")}
    if name not in others:
        known = ", ".join(sorted({*modules, *others}))
        raise ValueError(f"no {kinds.removesuffix('s')} is called {name!r}; there are: {known}")
    return others[name].load()


def read_settings(package: str, values: dict[str, Any], context: Any = None) -> PluginSettings:
    """Validate the settings of the plugin of `package` that ``values["name"]`` names.

    Raises
    ------
    ValueError
        If there is no plugin of that name, or a value is invalid.
    """
    settings: type[PluginSettings] = load_plugin(package, str(values.get("name"))).Settings
    return settings.model_validate(values, context=context)
