"""The researcher's own program: makes the key, draws for waiting numbers, keeps checkpoints. Standard library only.

    python -m trial.allocation.client make-key TRIAL --out key.json
    python -m trial.allocation.client waiting  TRIAL --server URL --token FILE
    python -m trial.allocation.client draw     TRIAL --server URL --token FILE --key key.json [--protocol SHA256]
    python -m trial.allocation.client checkpoint TRIAL --server URL --token FILE --keep anchors.json
    python -m trial.allocation.client verify bundle.json anchors.json
    python -m trial.allocation.client split-key TRIAL --key key.json
    python -m trial.allocation.client join-key  TRIAL --out key.json [--commitment SHA256]

The seed stays in the key file on this machine; the server gets contributions to single draws, and no more of them
than there are numbers waiting. `split-key` prints it as two sheets of paper, of which one alone says nothing;
`join-key` asks for both of them and makes the key file again.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import secrets
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trial.allocation import verify
from trial.allocation.sheets import join_key, split_key

TIMEOUT_SECONDS = 60
TRIES = 4
UNENCRYPTED = {("http", "localhost"), ("http", "127.0.0.1")}  # this machine
SEED_BYTES = 32


class ClientError(Exception):
    """A sentence for the person at the terminal."""


class StayingHere(urllib.request.HTTPRedirectHandler):
    """The token is for the server that was named, and for no other that it may point to."""

    def redirect_request(self, *_args: Any) -> None:
        return None


ASKING = urllib.request.build_opener(StayingHere)


class Server:
    """The API of one trial."""

    def __init__(self, address: str, trial: str, token: str) -> None:
        parts = urlsplit(address)
        if not parts.hostname or (parts.scheme != "https" and (parts.scheme, parts.hostname) not in UNENCRYPTED):
            raise ClientError("The server's address must begin with https://")
        self.root, self.token = f"{address.rstrip('/')}/api/v1/trials/{trial}/", token

    def get(self, path: str) -> Any:
        return self._ask(self._request(path, None, self._headers()))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The same Idempotency-Key at every try: an answer that was lost is given again, never drawn again."""
        headers = self._headers() | {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        return self._ask(self._request(path, json.dumps(body).encode(), headers))

    def _request(self, path: str, data: bytes | None, headers: dict[str, str]) -> urllib.request.Request:
        return urllib.request.Request(self.root + path, data, headers)  # noqa: S310 - the scheme is checked above

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    def _ask(self, request: urllib.request.Request) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                with ASKING.open(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if (error.code < 500 and error.code != 409) or attempt == TRIES:
                    raise ClientError(_detail(error)) from error
            except OSError as error:
                if attempt == TRIES:
                    raise ClientError(f"The server does not answer: {error}") from error
            except (ValueError, http.client.HTTPException) as error:  # cut off, or from something else than the site
                if attempt == TRIES:
                    raise ClientError("The server's answer cannot be read. Is its address right?") from error
            time.sleep(0.3 * 2**attempt)
        raise AssertionError("every attempt returns or raises")


def commitment_of(trial: str, seed: bytes) -> str:
    return hashlib.sha256(b"navtrial/seed/v1" + trial.encode() + seed).hexdigest()


def make_key(trial: str, out: Path) -> str:
    """Write a new key file that only its owner can read; give the line that goes into the protocol."""
    return write_key(trial, secrets.token_bytes(SEED_BYTES), out)


def write_key(trial: str, seed: bytes, out: Path) -> str:
    content = {"trial": trial, "party": "researcher", "seed": seed.hex(), "commitment": commitment_of(trial, seed)}
    try:
        out.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise ClientError(f"{out} exists already; a key is never written over.") from error
    except OSError as error:
        raise ClientError(f"{out} cannot be written.") from error
    out.write_text(json.dumps(content, indent=2) + "\n")
    return content["commitment"]


def seed_in(path: Path, trial: str, commitment: str = "") -> bytes:
    """The seed of a key file, if it is the one that the protocol names."""
    try:
        content = json.loads(path.read_text())
        seed = bytes.fromhex(content["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClientError(f"{path} is no key file.") from error
    if content.get("trial") != trial or commitment not in ("", commitment_of(trial, seed)):
        raise ClientError("The key file does not belong to this trial. Nothing was drawn.")
    return seed


def contributions(seed: bytes, terms: dict[str, Any]) -> dict[str, str]:
    """Canonical context -> contribution, for the numbers in the waiting list and for nothing else."""
    extracted = hmac.digest(bytes.fromhex(terms["beacon"]) or bytes(32), seed, "sha256")
    key = hmac.digest(extracted, b"navtrial/key/v1" + bytes.fromhex(terms["protocol_sha256"]) + b"\x01", "sha256")
    return {
        context: hmac.digest(key, context.encode(), "sha256").hex()
        for each in terms["waiting"]
        for context in _contexts_of(each, terms["trial"])
    }


def draw(server: Server, trial: str, key: Path, protocol: str) -> Iterator[dict[str, Any]]:
    """Draw for everyone who waits; yields each draw."""
    while True:
        terms = server.get("waiting/")
        if protocol and terms["protocol_sha256"] != protocol:
            raise ClientError("The server's protocol is not the one you were sent. Nothing was drawn.")
        shares = contributions(seed_in(key, trial, terms["commitment"]), terms)
        if not shares:
            return
        answer = server.post("draws/", {"commitment": terms["commitment"], "contributions": shares})
        if not answer["drawn"]:
            return
        yield from answer["drawn"]


def keep_checkpoint(server: Server, keep: Path) -> dict[str, Any]:
    """Have the log signed and add the checkpoint to the anchors held here, unless it contradicts them."""
    signed: dict[str, Any] = server.post("checkpoints/", {})
    terms = server.get("waiting/")
    held = held_in(keep)
    _agree(held, terms, signed)
    held |= {"protocol_sha256": terms["protocol_sha256"], "beacon": terms["beacon"]}
    entry = {"size": signed["size"], "root": signed["root"]}
    if entry not in held["checkpoints"]:
        held["checkpoints"].append(entry)
    keep.write_text(json.dumps(held, indent=1) + "\n")
    return signed


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given) or 0)
    except ClientError as error:
        print(error, file=sys.stderr)
        return 1


def held_in(keep: Path) -> dict[str, Any]:
    """The anchors that are held here; none yet where there is no file."""
    held: dict[str, Any] = {"protocol_sha256": "", "beacon": "", "checkpoints": [], "receipts": []}
    try:
        return held | json.loads(keep.read_text()) if keep.exists() else held
    except (OSError, ValueError, TypeError) as error:
        raise ClientError(f"{keep} is no anchors file. Keep it as it is and name another.") from error


def _agree(held: dict[str, Any], terms: dict[str, Any], signed: dict[str, Any]) -> None:
    """What was held once must never be told otherwise: that is what it is held for."""
    if held["protocol_sha256"] not in ("", terms["protocol_sha256"]) or held["beacon"] not in ("", terms["beacon"]):
        raise ClientError("The server names another protocol or beacon than the one held here. Nothing was kept.")
    roots = {each["size"]: each["root"] for each in held["checkpoints"]}
    if roots.get(signed["size"], signed["root"]) != signed["root"] or signed["size"] < max(roots, default=0):
        raise ClientError("The log was changed or cut since the last checkpoint held here. Keep the file as it is.")


def _contexts_of(each: dict[str, Any], trial: str) -> list[str]:
    """The contexts of one waiting number; a server that asks for those of another one would learn a draw in advance."""
    for context in each["contexts"]:
        place, kind, position = context[:2], context[2], context[3]
        own = kind == "block" or (kind == "draw" and position == each["position"])
        if len(context) != 4 or place != [trial, each["stratum"]] or not own:
            raise ClientError("The server asks for a draw that does not wait. Nothing was sent.")
    return [json.dumps(context, separators=(",", ":"), ensure_ascii=False) for context in each["contexts"]]


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {error.code}."


def _server(given: argparse.Namespace) -> Server:
    try:
        return Server(given.server, given.trial, given.token.read_text().strip())
    except OSError as error:
        raise ClientError(f"{given.token} cannot be read.") from error


def _make_key(given: argparse.Namespace) -> None:
    print(make_key(given.trial, given.out))


def _waiting(given: argparse.Namespace) -> None:
    for each in _server(given).get("waiting/")["waiting"]:
        print(each["number"], each["stratum"], each["position"] + 1)


def _draw(given: argparse.Namespace) -> None:
    for each in draw(_server(given), given.trial, given.key, given.protocol):
        print(each["participant"], each["arm"], each["receipt"]["leaf_sha256"])


def _checkpoint(given: argparse.Namespace) -> None:
    signed = keep_checkpoint(_server(given), given.keep)
    print(signed["size"], signed["root"])


def _split_key(given: argparse.Namespace) -> None:
    seed = seed_in(given.key, given.trial)
    for sheet, line in enumerate(split_key(seed), 1):
        print(
            f"{given.trial}, sheet {sheet} of 2. To be opened when the key is lost and two persons agree.\n\n{line}\n"
        )


def _join_key(given: argparse.Namespace) -> None:
    try:
        seed = join_key([input(f"Sheet {sheet} of 2: ") for sheet in (1, 2)])
    except (ValueError, EOFError) as error:
        raise ClientError(str(error) or "Both sheets are needed.") from error
    if given.commitment not in ("", commitment_of(given.trial, seed)):
        raise ClientError("The sheets do not belong to this trial. Nothing was written.")
    print(write_key(given.trial, seed, given.out))


def _verify(given: argparse.Namespace) -> int:
    return verify.main([given.bundle, given.anchors])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trial.allocation.client", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    out = ("--out", Path, None, "key file to make")
    key = ("--key", Path, None, "key file")
    site = (("--server", str, None, "address of the site"), ("--token", Path, None, "file that holds the API token"))
    protocol = ("--protocol", str, "", "SHA-256 of the protocol as you were sent it")
    keep = ("--keep", Path, None, "anchors file to keep here")
    commitment = ("--commitment", str, "", "what the protocol says of the researcher's key")
    for name, run, options in (
        ("make-key", _make_key, (out,)),
        ("waiting", _waiting, site),
        ("draw", _draw, (*site, key, protocol)),
        ("checkpoint", _checkpoint, (*site, keep)),
        ("split-key", _split_key, (key,)),
        ("join-key", _join_key, (out, commitment)),
    ):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("trial", help="code of the trial")
        for option, kind, default, says in options:
            command.add_argument(option, type=kind, default=default, required=default is None, help=says)
    command = commands.add_parser("verify")
    command.set_defaults(run=_verify)
    command.add_argument("bundle")
    command.add_argument("anchors")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
