"""Answer only those who ask for this service by a name of its own.

A web page can have its own name resolved to 127.0.0.1 (DNS rebinding) and then ask the service as
if it were of the same site. Its requests bring that name as ``Host``. An IP address cannot be
pointed elsewhere, so every one is good, and `localhost`, which no DNS server is asked for.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from corpus_tuner.server.error_responses import problem

_HOST = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<name>[^:\[\]]+))(?::\d*)?")


def is_known(host: str, names: Collection[str]) -> bool:
    """Tell whether a ``Host``, with or without a port, is an IP address, `localhost` or a name.

    Examples
    --------
    >>> [is_known(host, {"mine.example"}) for host in ("[::1]:80", "Mine.Example", "evil.example")]
    [True, True, False]
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["name"] or "").lower().removesuffix(".")
    if name == "localhost" or name in {known.lower() for known in names}:
        return True
    try:
        return ip_address(found["v6"] or name).version == (6 if found["v6"] else 4)
    except ValueError:
        return False


class HostGuard:
    """Middleware that refuses other hosts.

    Parameters
    ----------
    app
        What is protected.
    names
        By which it may be asked for, without ports.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._app
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) != 1 or not is_known(hosts[0], self._names):
                app = problem(
                    421, "this service does not go by that name: serve it with --allowed-host NAME"
                )
        await app(scope, receive, send)
