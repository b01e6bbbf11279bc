"""What decides an index, as far as it is known without opening a model.

Whether a corpus has changed is asked far more often than it has. So the files of models are
compared, and only where these are others, or there is something to do, are the models opened.
"""

from corpus_tuner import __version__
from corpus_tuner.config.recipe import Settings, settings_hash
from corpus_tuner.core.files import folder_sha256, sha256
from corpus_tuner.core.paths import files_of


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
    sums = {
        f"{path} {sha256(path) if path.is_file() else folder_sha256(path)}"
        for path in files_of(settings)
    }
    encoder = (settings.encoder.name, str(settings.encoder.revision))
    return settings_hash(settings, __version__, fingerprint, *encoder, *sorted(sums))
