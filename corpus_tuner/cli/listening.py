"""Sockets of the commands that serve something."""

import os
import socket

from corpus_tuner.errors import CorpusTunerError


def bind(host: str, port: int) -> socket.socket:
    """Return a socket with the address, to which nobody can connect yet.

    Raises
    ------
    CorpusTunerError
        If there is no such address, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere two services could then have one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise CorpusTunerError(f"cannot listen at {host}, port {port}: {error.strerror}") from error
    return bound


def listen(bound: socket.socket, host: str) -> None:
    """Accept connections; of two services that start at once only one succeeds."""
    try:
        bound.listen(2048)
    except OSError as error:
        port = bound.getsockname()[1]
        raise CorpusTunerError(f"cannot listen at {host}, port {port}: {error.strerror}") from error
