"""``corpus-tuner serve``."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.output import stderr, stdout


def serve(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    host: Annotated[
        str, typer.Option(help="Address to listen at; by default only this machine can ask.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of the build; by default the one in the index's folder."),
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option(help="Run Python that comes with the index's encoder.")
    ] = False,
) -> None:
    """Answer searches over HTTP, and show a page to search on.

    Where the environment has CORPUS_TUNER_TOKEN, requests must bring it as a bearer token.
    """
    from corpus_tuner.errors import MissingExtraError

    try:
        import uvicorn

        from corpus_tuner.indexes.server.app import create_app
    except ImportError:
        raise MissingExtraError("corpus-tuner serve", "server") from None
    from corpus_tuner.history import History
    from corpus_tuner.pipeline import LEDGER
    from corpus_tuner.progress import working
    from corpus_tuner.indexes.store.documents import Document
    from corpus_tuner.indexes.search.searcher import Searcher
    from corpus_tuner.indexes.server.schemas import RejectedView
    from corpus_tuner.indexes.server.settings import TOKEN_VARIABLE

    token = os.environ.get(TOKEN_VARIABLE, "")
    with working("opening the index"):
        searcher = Searcher.open(index, trust_remote_code=trust_remote_code)
        searcher.search("a query", k=10)  # what the first one waits for is then there for others

    def rejected(document: Document) -> list[RejectedView]:
        history = History(ledger or index / LEDGER, searcher.manifest)
        return [RejectedView(**each._asdict()) for each in history.rejected(document)]

    app = create_app(searcher, token=token, rejected=rejected)
    reach = "only this machine can ask"
    if not _is_loopback(host):
        reach = "others can ask" if token else f"anyone can ask: {TOKEN_VARIABLE} is not set"
    stdout.print(f"http://{host}:{port} serves {index}; {reach}", soft_wrap=True)
    if not _is_loopback(host) and not token:
        stderr.print("whoever reaches this address can read the whole corpus", style="yellow")
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        timeout_keep_alive=75,  # longer than the proxies that stand in front of it keep theirs
        timeout_graceful_shutdown=30,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
