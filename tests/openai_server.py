"""A server that speaks OpenAI's protocol: its answers are given by the tests."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

KEY = "sk-very-secret"

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class Server(ThreadingHTTPServer):
    """Answers as its script has it, and properly when that is over."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Answer] = []
        self.requested: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.lock = Lock()
        self.at_once = self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requested.append(body)
            server.keys.add(self.headers["Authorization"])
            answer = server.script.pop(0) if server.script else good()
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            answer(self, body)
        finally:
            with server.lock:
                server.at_once -= 1

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def send(handler: BaseHTTPRequestHandler, status: int, body: str, **headers: str) -> None:
    data = body.encode()
    handler.send_response(status)
    kind = headers.pop("kind", "application/json")
    for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def good(*texts: str | None, finish: str = "stop") -> Answer:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        about = body["messages"][-1]["content"].rpartition(" ")[2]
        said = texts or tuple(f"What is {about}?" for _ in range(body.get("n", 1)))
        choices = [
            {
                "index": number,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text},
            }
            for number, text in enumerate(said)
        ]
        usage = {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4},
        }
        send(handler, 200, json.dumps({"id": "x", "choices": choices, "usage": usage}))

    return answer


def failing(status: int, said: str = "no", **headers: str) -> Answer:
    return lambda handler, _: send(handler, status, said, **headers)
