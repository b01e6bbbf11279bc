"""Whether there is a network, found out before a library tries it again and again."""

import os
import urllib.error
import urllib.request

from corpus_tuner.errors import OutOfReachError

_PATIENCE = 2  # seconds until a host counts as out of reach


def hub() -> str:
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
