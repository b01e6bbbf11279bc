"""Open a swappable part by the name of the file that holds it."""

import pkgutil
from importlib import import_module
from types import ModuleType


def names(package: str) -> list[str]:
    """Return the parts that `package` offers, one for each public file in it, sorted."""
    module = import_module(package)
    return sorted(part.name for part in pkgutil.iter_modules(module.__path__) if part.name[0] != "_")


def part(package: str, name: str) -> ModuleType:
    """Import the file `name` of `package`.

    Raises
    ------
    ValueError
        If there is no such part; the message lists those there are.
    """
    known = names(package)
    if name not in known:
        kind = package.rpartition(".")[2].removesuffix("s")
        raise ValueError(f"no {kind} is called {name!r}; there are: {', '.join(known)}")
    return import_module(f"{package}.{name}")
