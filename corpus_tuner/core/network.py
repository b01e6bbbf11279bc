"""Whether models and data sets can be fetched, before a library tries it again and again."""

import os
import urllib.error
import urllib.request
from pathlib import Path

from corpus_tuner.errors import OutOfReachError

_PATIENCE = 2  # seconds until a host counts as out of reach


def get_hub_url() -> str:
    """Return the address of the Hugging Face hub, or of what ``HF_ENDPOINT`` names instead."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def reach(url: str, what: str) -> None:
    """See that somebody answers at an address.

    Parameters
    ----------
    url
        Of ``http`` or ``https``; others are taken to be there.
    what
        Is wanted from there, for the error.

    Raises
    ------
    OutOfReachError
        If nobody does within two seconds.
    """
    if not url.startswith("http"):
        return
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_PATIENCE):
            return
    except urllib.error.HTTPError:
        return  # an answer
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise OutOfReachError(f"{what}: no answer ({reason})") from error


def reach_model(name: str, revision: str | None = None) -> None:
    """See that a model is a folder, was fetched before, or that its hub answers.

    Libraries try for more than a minute to reach a hub that does not answer.

    Parameters
    ----------
    name
        Folder, or name on the hub.
    revision
        Commit, tag or branch on the hub.

    Raises
    ------
    OutOfReachError
        If it is not here, and the hub does not answer within two seconds.
    """
    from huggingface_hub import try_to_load_from_cache

    if Path(name).exists():
        return
    for file in ("config.json", "modules.json"):  # of a transformer; of sentence-transformers
        if isinstance(try_to_load_from_cache(name, file, revision=revision), str):
            return
    reach(get_hub_url(), f"there is no folder of that name, and {get_hub_url()}")
