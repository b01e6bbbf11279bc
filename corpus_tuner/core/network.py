"""Checks whether hosts of models and data sets can be reached."""

import os
import urllib.error
import urllib.request
from pathlib import Path

from corpus_tuner.core.model_bounds import check_model_folder
from corpus_tuner.errors import OutOfReachError

_TIMEOUT = 2  # seconds


def get_hub_url() -> str:
    """Return the address of the Hugging Face hub, or ``HF_ENDPOINT``."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def reach(url: str, what: str) -> None:
    """Check that a host answers; addresses without ``http`` and ``https`` are not checked.

    Raises
    ------
    OutOfReachError
        If there is no answer within two seconds.
    """
    if not url.startswith("http"):
        return
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_TIMEOUT):
            return
    except urllib.error.HTTPError:
        return  # an answer
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise OutOfReachError(f"{what}: no answer ({reason})") from error


def reach_model(name: str, revision: str | None = None) -> None:
    """Check that a model is a folder, was fetched before, or that its hub answers.

    Libraries try for more than a minute to reach a hub that does not answer.

    Raises
    ------
    ValueError
        If it is a folder with sizes that no model has.
    OutOfReachError
        If it is not on this machine, and the hub does not answer within two seconds.
    """
    from huggingface_hub import try_to_load_from_cache

    if Path(name).exists():
        check_model_folder(Path(name))
        return
    for file in ("config.json", "modules.json"):  # of a transformer; of sentence-transformers
        if isinstance(try_to_load_from_cache(name, file, revision=revision), str):
            return
    reach(get_hub_url(), f"there is no folder of that name, and {get_hub_url()}")
