"""What is counted: requests, their times, and how the batcher does; as Prometheus reads it."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.reloading import Live


class Counts:
    """The counts of one service.

    Parameters
    ----------
    batcher, live
        They count batches and switches themselves.
    """

    def __init__(self, batcher: Batcher, live: Live) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "requests", "Requests.", ["route", "status"], "corpus_tuner", registry=self._registry
        )
        self.seconds = Histogram(
            "request_seconds",
            "Time of a request.",
            ["route"],
            "corpus_tuner",
            registry=self._registry,
        )
        for name, description, value in (
            ("waiting_queries", "Queries that wait.", lambda: batcher.waiting),
            ("batches", "Batches searched.", lambda: batcher.batches),
            ("index_switches", "Switches to a rebuilt index.", lambda: live.switched),
        ):
            gauge = Gauge(name, description, namespace="corpus_tuner", registry=self._registry)
            gauge.set_function(value)

    def as_text(self) -> bytes:
        """Return them in Prometheus's format."""
        return generate_latest(self._registry)


class Counting:
    """Middleware that counts requests by route, and not by path, which anyone may make up."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._counts.requests.labels(route, status).inc()
            self._counts.seconds.labels(route).observe(time.perf_counter() - start)
