"""Files of an encoder."""

from pathlib import Path

from corpus_tuner.encoders import embedded
from corpus_tuner.encoders.encoder import EncoderSettings

_NOT_READ = (".jsonl", ".lock", ".md")
"""Suffixes of files that do not change vectors."""


def list_encoder_files(settings: EncoderSettings) -> dict[str, Path]:
    """Return the files of an encoder on this machine, by their paths in its folder.

    There are none if there is no such folder, or the cache of the hub does not have the model.

    Raises
    ------
    SearchIndexError
        If it is an embedded encoder that is not installed.
    """
    if settings.name in embedded.NAMES:
        return embedded.find_package_files(settings.name)
    folder = Path(settings.name)
    if not folder.is_dir():
        folder = _find_in_hub_cache(settings) or folder
    files = (file for file in folder.rglob("*") if file.is_file())
    named = {file.relative_to(folder).as_posix(): file for file in sorted(files)}
    return {
        name: file
        for name, file in named.items()
        if file.suffix not in _NOT_READ and not name.startswith(".")
    }


def _find_in_hub_cache(settings: EncoderSettings) -> Path | None:
    """Return the folder of a model in the cache of the hub, if it is there."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(settings.name, "config.json", revision=settings.revision)
    except HFValidationError:  # a folder that is gone
        return None
    return Path(found).parent if isinstance(found, str) else None
