"""``corpus-tuner serve``."""

import os
import signal
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Optional

import typer

from corpus_tuner.cli.options import IndexArgument, QuietOption, TrustOption
from corpus_tuner.cli.output import stderr, stdout
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError


def serve(
    index: IndexArgument,
    host: Annotated[
        str, typer.Option(help="Address to listen at; by default only this machine can ask.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    ledger: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The ledger of the build; by default the one in the index's folder."),
    ] = None,
    writable: Annotated[
        bool,
        typer.Option("--writable", help="Let those who have the token add and remove documents."),
    ] = False,
    allowed_host: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="NAME",
            help="A name that clients may ask for the service by, other than localhost and IP "
            "addresses; repeatable.",
        ),
    ] = None,
    trust_remote_code: TrustOption = False,
    quiet: QuietOption = False,
) -> None:
    """Answer searches over HTTP, and show a page for them.

    Where the environment has CORPUS_TUNER_TOKEN, requests must bring it as a bearer token.
    """
    try:
        import uvicorn

        from corpus_tuner.server.app import create_app
        from corpus_tuner.server.connections import make_uvicorn_options
    except ImportError:
        raise MissingExtraError("corpus-tuner serve", "server") from None
    from corpus_tuner.core.documents import Document
    from corpus_tuner.core.progress import show_activity
    from corpus_tuner.generation.ledger import Rejection
    from corpus_tuner.generation.rejected_views import RejectedViews
    from corpus_tuner.indexes.qdrant.address import is_address
    from corpus_tuner.indexes.searcher import Searcher
    from corpus_tuner.indexes.store.layout import Layout
    from corpus_tuner.server.settings import TOKEN_VARIABLE, ServerSettings

    elsewhere = is_address(index)
    if elsewhere and writable:
        raise CorpusTunerError(
            "--writable is for a folder: change that, and corpus-tuner index export brings the "
            "changes"
        )
    token = os.environ.get(TOKEN_VARIABLE, "")
    if writable and not token:
        raise CorpusTunerError(f"--writable needs a token: set {TOKEN_VARIABLE}")
    bound = _bind(host, port)  # a port that is taken is seen before the index is opened
    with show_activity("opening the index"):
        searcher = Searcher.open(index, trust_remote_code=trust_remote_code)
        searcher.search("a query", k=10)  # what the first one waits for is then there for others

    kept = ledger or (None if elsewhere else Layout(Path(index)).ledger)

    def find_rejections(document: Document) -> list[Rejection]:
        return RejectedViews(kept, searcher.manifest).rejected(document) if kept else []

    writer = None
    if writable:
        from corpus_tuner.server.index_writer import IndexWriter

        writer = IndexWriter(Path(index), ledger, trust_remote_code)
    settings = ServerSettings(hosts=frozenset({host, *(allowed_host or [])}))
    app = create_app(searcher, settings, token, find_rejections, writer)
    _listen(bound, host)
    _announce(index, host, bound.getsockname()[1], token)
    config = uvicorn.Config(app, log_level="warning", **make_uvicorn_options(settings))
    # uvicorn answers what it has taken, then sends the signal again.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    uvicorn.Server(config).run(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket that has the address; nobody can connect yet.

    Raises
    ------
    CorpusTunerError
        If there is no such address, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let two services have one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise CorpusTunerError(f"cannot listen at {host}, port {port}: {error.strerror}") from error
    return bound


def _listen(bound: socket.socket, host: str) -> None:
    """Let clients connect; two services that start together find out here who has the port."""
    try:
        bound.listen(2048)
    except OSError as error:
        port = bound.getsockname()[1]
        raise CorpusTunerError(f"cannot listen at {host}, port {port}: {error.strerror}") from error


def _announce(index: str, host: str, port: int, token: str) -> None:
    """Say where the service is, and who can ask it."""
    reach = "only this machine can ask"
    if not _is_loopback(host):
        reach = "others can ask" if token else "anyone can ask: CORPUS_TUNER_TOKEN is not set"
    if not _is_loopback(host) and not token:
        stderr.print("whoever reaches this address can read the whole corpus", style="yellow")
    name = f"[{host}]" if ":" in host else host
    stdout.print(f"http://{name}:{port} serves {index}; {reach}", soft_wrap=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
