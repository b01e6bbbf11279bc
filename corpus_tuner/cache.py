"""Where things are kept that would be costly to have again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return ``$CORPUS_TUNER_CACHE``, or ``corpus-tuner`` in the user's own cache."""
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CORPUS_TUNER_CACHE") or Path(usual) / "corpus-tuner")
