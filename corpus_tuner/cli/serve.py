"""``corpus-tuner serve``."""

import signal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.cli.listening import bind, listen
from corpus_tuner.cli.workers import fork_workers
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError


def serve(
    index: opt.Index,
    host: Annotated[
        str, typer.Option(help="Address to listen at; by default only for this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8000,
    tokens: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of access tokens (corpus-tuner token); requests must have one.",
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Further host name of the service, besides localhost and IP addresses; "
            "repeatable.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of processes, which share the files of the index in memory; with several "
            "the service is read-only.",
        ),
    ] = 1,
    trust_remote_code: opt.Trust = False,
) -> None:
    """Serve an index over HTTP, with a page to search it.

    With tokens, the index can be changed by those that have the right to write.
    """
    try:
        import fastapi  # noqa: F401
        import uvicorn

        from corpus_tuner.server.connections import make_uvicorn_options
        from corpus_tuner.server.tokens import TokenFile
    except ImportError:
        raise MissingExtraError("corpus-tuner serve", "server") from None
    from corpus_tuner.indexes.qdrant.address import is_address

    in_qdrant = is_address(index)
    token_file = TokenFile(tokens) if tokens else None
    may_write = any("write" in token.rights for token in token_file or ())
    if in_qdrant and may_write:
        raise CorpusTunerError(
            f"{tokens} has a token with the right to write, and {index} can be changed only in its "
            "folder: corpus-tuner index export brings the changes"
        )
    if workers > 1 and may_write:
        raise CorpusTunerError(
            f"{tokens} has a token with the right to write, and several --workers only read: serve "
            "the index for writers with another --port and one worker; all see the changes"
        )
    bound = bind(host, port)  # fails before the index is opened if the port is taken
    number = fork_workers(workers) if workers > 1 else 0
    # Libraries with threads are imported in the worker.
    from corpus_tuner.building.add import Adder
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.indexes.searcher import Searcher
    from corpus_tuner.indexes.store.layout import Layout
    from corpus_tuner.server.app import create_app

    is_writable = workers == 1 and not in_qdrant
    with show_activity("opening the index"):
        searcher = Searcher.open(index, trust_remote_code=trust_remote_code)
        searcher.search("a query", k=10)  # loads what the first search needs

    app = create_app(
        searcher,
        token_file,
        hosts={host, *(allowed_host or [])},
        ledger=None if in_qdrant else Layout(Path(index)).ledger,
        name=Path(index).resolve().name,
        adder=Adder(index, trust_remote_code=trust_remote_code) if is_writable else None,
    )
    listen(bound, host)
    if number == 0:
        _announce(index, host, bound.getsockname()[1], tokens is not None)
    config = uvicorn.Config(app, log_level="warning", **make_uvicorn_options())
    # uvicorn answers pending requests, then sends the signal again.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    uvicorn.Server(config).run(sockets=[bound])


def _announce(index: str, host: str, port: int, guarded: bool) -> None:
    """Print the address of the service, and who has access."""
    access = "only this machine has access"
    if not _is_loopback(host):
        access = "others have access" if guarded else "public: there are no --tokens"
    if not _is_loopback(host) and not guarded:
        out.print_line(
            "anyone who reaches this address can read the whole corpus", "yellow", out.stderr
        )
    name = f"[{host}]" if ":" in host else host
    out.print_line(f"http://{name}:{port} serves {index}; {access}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
