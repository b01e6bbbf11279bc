"""What decides an index, as far as it is known without opening a model.

Whether a corpus has changed is asked far more often than it has. So the files of models are
compared, and only where these are others, or there is something to do, are the models opened.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus_tuner import __version__
from corpus_tuner.indexes.store.files import folder_sha256, sha256
from corpus_tuner.settings import Settings, settings_hash

_NAMING = ("name", "model", "instructions")
"""Settings whose values may be files or folders; others may look like some."""


def files_hash(settings: Settings, fingerprint: str) -> str:
    """Return a hash of a recipe and the files that it names.

    A model of the hub is known by its name and revision.

    Parameters
    ----------
    settings
        The recipe.
    fingerprint
        Of the encoder.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> usual, other = ct.load_settings(), ct.load_settings(None, ["views.sentences=3"])
    >>> files_hash(usual, "f") == files_hash(other, "f")
    False
    """
    values = settings.model_dump(mode="json")
    named = (settings.encoder.name, str(settings.encoder.revision))
    return settings_hash(settings, __version__, fingerprint, *named, *sorted({*_sums(values)}))


def _sums(values: Any) -> Iterator[str]:
    """Yield the sums of all files and folders that settings name."""
    if isinstance(values, list):
        for value in values:
            yield from _sums(value)
    for key, value in values.items() if isinstance(values, dict) else ():
        if key in _NAMING and isinstance(value, str):
            path = Path(value)
            if len(path.parts) > 1 and path.exists():
                yield f"{value} {sha256(path) if path.is_file() else folder_sha256(path)}"
        else:
            yield from _sums(value)
