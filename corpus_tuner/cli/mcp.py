"""``corpus-tuner mcp``."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from corpus_tuner.server.mcp_tools import ServedIndex


def mcp(
    indexes: Annotated[
        list[str],
        typer.Argument(
            metavar="INDEX...", help="Folders of indexes, or addresses such as qdrant://HOST/NAME."
        ),
    ],
    trust_remote_code: opt.Trust = False,
) -> None:
    """Serve indexes to an agent by the Model Context Protocol, over standard input and output.

    Agents start this command themselves: see the guide on agents for their configuration.
    """
    try:
        from corpus_tuner.server.mcp_server import create_server, run_on_stdio
    except ImportError:
        raise MissingExtraError("corpus-tuner mcp", "mcp") from None
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    names = name_indexes(indexes)
    for index in names.values():
        _check_index(index)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is written
    with ThreadPoolExecutor(1) as opening:
        opened: dict[str, Future[ServedIndex]] = {
            name: opening.submit(_open, index, trust_remote_code) for name, index in names.items()
        }
        asyncio.run(run_on_stdio(create_server(opened)))


def name_indexes(indexes: list[str]) -> dict[str, str]:
    """Return indexes by name: the last part of a path or address.

    Raises
    ------
    CorpusTunerError
        If two have the same name.

    Examples
    --------
    >>> name_indexes(["indexes/docs", "qdrant://localhost/papers"])
    {'docs': 'indexes/docs', 'papers': 'qdrant://localhost/papers'}
    """
    names: dict[str, str] = {}
    for index in indexes:
        name = Path(index).resolve().name
        if name in names:
            raise CorpusTunerError(
                f"{names[name]} and {index} are both called {name}: give indexes of other names"
            )
        names[name] = index
    return names


def _check_index(index: str) -> None:
    """Raise an error early if there is no index; what opens it takes a second to load."""
    if not (Path(index) / "manifest.json").exists():
        from corpus_tuner.indexes.open_index import locate_index

        locate_index(index).read_manifest()


def _open(index: str, trust_remote_code: bool) -> "ServedIndex":
    from corpus_tuner.indexes.searcher import Searcher
    from corpus_tuner.server.batching import Batcher
    from corpus_tuner.server.mcp_tools import ServedIndex
    from corpus_tuner.server.reloading import LiveSearcher

    searcher = Searcher.open(index, trust_remote_code=trust_remote_code)
    searcher.search("a query")  # loads what the first search needs
    live = LiveSearcher(searcher)
    return ServedIndex(live, Batcher(live))
