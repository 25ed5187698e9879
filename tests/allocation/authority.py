"""A time-stamping authority and a webhook on this machine: `openssl ts` behind a small HTTP server."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
[req]
distinguished_name = name
x509_extensions = stamping
prompt = no
[name]
CN = Local time stamps
[stamping]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


@dataclass
class Authority:
    """What came in, and what is answered; `spoil` changes each answer before it is sent."""

    folder: Path
    address: str = ""
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    spoil: object = None
    moved_to: str = ""

    def openssl(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["openssl", *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True, cwd=self.folder).stdout

    def answer(self, body: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(body)
        self.openssl(
            "ts", "-reply", "-config", "tsa.conf", "-section", "one", "-queryfile", "query.tsq", "-out", "a.tsr"
        )
        response = (self.folder / "a.tsr").read_bytes()
        return self.spoil(response) if self.spoil else response

    def verified(self, data: bytes, response: bytes) -> bool:
        """What an auditor does with the two files."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "data.tsr").write_bytes(response)
        command = ["openssl", "ts", "-verify", "-data", "data", "-in", "data.tsr", "-CAfile", "tsa.pem"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode == 0


@contextmanager
def serving(folder: Path) -> Iterator[Authority]:
    authority = Authority(folder)
    (folder / "tsa.conf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01")
    authority.openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-config", "tsa.conf",
        "-keyout", "tsa.key", "-out", "tsa.pem",
    )  # fmt: skip
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(authority)) as server:
        authority.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def _handler(authority: Authority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            authority.heard.append((self.path, dict(self.headers), body))
            self.send_response(authority.status)
            if authority.moved_to:
                self.send_header("Location", authority.moved_to)
            self.end_headers()
            if self.path == "/tsa" and authority.status == 200:
                self.wfile.write(authority.answer(body))

        def do_GET(self) -> None:
            authority.heard.append((self.path, dict(self.headers), b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    return Handler
