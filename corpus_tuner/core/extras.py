"""Installation commands of extras, for the way in which this package was installed."""

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError

_PACKAGE = "corpus-tuner"


class MissingExtraError(CorpusTunerError):
    """An optional library is not installed; the message gives the pip command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(describe_missing_extra(what, extra))


def get_install_command(extra: str) -> str:
    """Return the command that installs this package with an extra."""
    try:
        origin = distribution(_PACKAGE).read_text("direct_url.json") or ""
    except PackageNotFoundError:
        origin = ""
    root = Path(__file__).resolve().parents[2]
    return f"pip install {format_requirement(extra, root, origin)}"


def describe_missing_extra(what: str, extra: str) -> str:
    """Return a message that something needs an extra, with the command that installs it."""
    return f"{what} needs an extra: {get_install_command(extra)}"


def format_requirement(extra: str, root: Path, origin: str) -> str:
    """Return the arguments of ``pip install``.

    Parameters
    ----------
    extra
        Name of the extra.
    root
        Folder of the package; a clone has a ``setup.cfg`` there.
    origin
        Contents of ``direct_url.json``, which pip writes if a package is not from an index
        (https://packaging.python.org/en/latest/specifications/direct-url/); otherwise empty.

    Examples
    --------
    >>> format_requirement("tune", Path("nowhere"), "")
    "'corpus-tuner[tune]'"
    >>> format_requirement("tune", Path("nowhere"), '{"url": "file:///tmp/a.whl"}')
    "'/tmp/a.whl[tune]'"
    """
    if (root / "setup.cfg").is_file():
        pinned = root / "constraints.txt"
        constrained = f"-c {shlex.quote(str(pinned))} " if pinned.is_file() else ""
        return f"{constrained}-e {shlex.quote(f'{root}[{extra}]')}"
    known = json.loads(origin) if origin else {}
    url = known.get("url", "")
    if url.startswith("file:"):
        from urllib.parse import urlsplit  # they import HTTP and TLS, which a search does without
        from urllib.request import url2pathname

        return shlex.quote(f"{url2pathname(urlsplit(url).path)}[{extra}]")
    if "vcs_info" in known:
        url = f"{known['vcs_info']['vcs']}+{url}@{known['vcs_info']['commit_id']}"
    return shlex.quote(f"{_PACKAGE}[{extra}]" + (f" @ {url}" if url else ""))
