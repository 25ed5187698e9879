"""Nav's access service as far as this application speaks with it, on a port of this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class AccessServer:
    """Lets everyone through but those in `denied`; `mood` makes it fail in one of the ways in which services fail."""

    def __init__(self) -> None:
        self.denied: dict[str, str] = {}
        self.mood = "well"
        self.asked: list[tuple[str, Any, str]] = []
        self.url = ""

    def answer(self, path: str, body: Any, token: str) -> tuple[int, bytes]:
        self.asked.append((path, body, token))
        if self.mood == "slow":
            time.sleep(1.0)
        if self.mood in BROKEN:
            return BROKEN[self.mood]
        if "/bulk/" in path:
            results = [
                {"brukerId": one["brukerId"], "status": 403 if one["brukerId"] in self.denied else 204} for one in body
            ]
            return 207, json.dumps({"resultater": results}).encode()
        if body in self.denied:
            return 403, json.dumps({"title": self.denied[body], "begrunnelse": "…"}).encode()
        return 204, b""


BROKEN = {
    "error": (500, b""),
    "not found": (404, b""),
    "signed out": (401, b""),
    "yes with a page": (200, b"<html>"),
    "moved": (302, b""),
    "nonsense": (207, b"{"),
    "empty": (207, b"{}"),
}


@contextmanager
def running() -> Iterator[AccessServer]:
    state = AccessServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = state.answer(self.path, body, self.headers["Authorization"])
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{state.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
