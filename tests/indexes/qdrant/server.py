"""A server that speaks as much of Qdrant's REST as is asked of it, over the client's local mode."""

import json
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from qdrant_client import QdrantClient, models

KEY = "a-key-that-nobody-may-see"


class _Collection:
    """Answers requests about one collection; the names are those of paths and methods."""

    def __init__(self) -> None:
        self._client = QdrantClient(":memory:", force_disable_check_same_thread=True)
        self.routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "/exists"): lambda _: {"exists": self._client.collection_exists("test")},
            ("PUT", ""): self._create,
            ("PUT", "/index"): lambda _: {"status": "completed", "operation_id": 0},
            ("POST", "/points/query/batch"): self._query,
            ("POST", "/points"): self._retrieve,
            ("POST", "/points/scroll"): self._scroll,
            ("PUT", "/points"): self._upsert,
            ("PUT", "/points/vectors"): self._vectors,
            ("POST", "/points/payload"): self._payload,
            ("POST", "/points/delete"): self._delete,
            ("POST", "/points/count"): self._count,
            ("POST", "/facet"): self._facet,
        }

    def _create(self, body: Any) -> Any:
        asked = models.CreateCollection(**body)
        return self._client.create_collection(
            "test", asked.vectors or {}, sparse_vectors_config=asked.sparse_vectors
        )

    def _query(self, body: Any) -> Any:
        asked = models.QueryRequestBatch(**body)
        assert all(one.params and one.params.exact for one in asked.searches)
        return self._client.query_batch_points("test", asked.searches)

    def _retrieve(self, body: Any) -> Any:
        asked = models.PointRequest(**body)
        return self._client.retrieve(
            "test",
            asked.ids,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )

    def _scroll(self, body: Any) -> Any:
        asked = models.ScrollRequest(**body)
        points, offset = self._client.scroll(
            "test", asked.filter, 50, offset=asked.offset, with_payload=asked.with_payload or False
        )
        return {"points": points, "next_page_offset": offset}

    def _upsert(self, body: Any) -> Any:
        return self._client.upsert("test", models.PointsList(**body).points)

    def _vectors(self, body: Any) -> Any:
        return self._client.update_vectors("test", models.UpdateVectors(**body).points)

    def _payload(self, body: Any) -> Any:
        asked = models.SetPayload(**body)
        return self._client.set_payload("test", asked.payload, asked.points or [])

    def _delete(self, body: Any) -> Any:
        return self._client.delete("test", models.PointIdsList(**body))

    def _count(self, body: Any) -> Any:
        return self._client.count("test", models.CountRequest(**body).filter)

    def _facet(self, body: Any) -> Any:
        asked = models.FacetRequest(**body)
        return self._client.facet("test", asked.key, limit=asked.limit or 10)


@contextmanager
def serving() -> Iterator[str]:
    """Serve a collection; yield its address."""
    collection = _Collection()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("api-key") != KEY:
                self.reply(401, {"status": {"error": "Must provide an API key"}})
                return
            path = re.sub("^/collections/test", "", urlsplit(self.path).path)
            with lock, warnings.catch_warnings(action="ignore"):
                found = collection.routes[self.command, path](json.loads(body or "null"))
            self.reply(200, {"result": found, "status": "ok", "time": 0.0})

        do_GET = do_PUT = do_POST = answer  # noqa: N815 - as the library calls them

        def reply(self, status: int, values: Any) -> None:
            content = json.dumps(values, default=lambda model: model.model_dump()).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"qdrant://127.0.0.1:{server.server_address[1]}/test"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
