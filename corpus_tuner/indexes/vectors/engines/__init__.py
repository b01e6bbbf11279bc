"""Engines: what finds the nearest of the rows that are stored.

A file here is an engine: it holds ``Settings``, ``Engine``, and where a structure for the rows
is needed, ``make``, which writes it (`corpus_tuner.core.registry`).
"""

from pathlib import Path
from typing import Any

from corpus_tuner.core.registry import PluginSettings, load_plugin, read_settings
from corpus_tuner.indexes.vectors import VectorEngine
from corpus_tuner.indexes.vectors.rows import StoredRows


class EngineSettings(PluginSettings):
    """Settings of an engine."""

    def needs_structure(self, rows: int) -> bool:
        """Tell whether a segment of so many rows is to have a structure for them."""
        return False

    def structure(self) -> dict[str, Any]:
        """Return the settings that a structure depends on."""
        return self.model_dump()


def engine_settings(values: dict[str, Any]) -> EngineSettings:
    """Read the settings of an engine as a manifest holds them."""
    settings = read_settings(__name__, values)
    assert isinstance(settings, EngineSettings)
    return settings


def open_engine(settings: EngineSettings, rows: StoredRows, structure: Path | None) -> VectorEngine:
    """Open the engine of a segment.

    Parameters
    ----------
    settings
        Of the engine.
    rows
        The vectors.
    structure
        The file of it; without one the rows are compared one by one.

    Raises
    ------
    SearchIndexError
        If the structure cannot be read, or is of other rows.
    """
    name = "flat" if structure is None else settings.name
    engine: VectorEngine = load_plugin(__name__, name).Engine(settings, rows, structure)
    return engine


def make_structure(settings: EngineSettings, rows: StoredRows, file: Path) -> None:
    """Write the structure of an engine, the same one for the same rows."""
    load_plugin(__name__, settings.name).make(settings, rows, file)
