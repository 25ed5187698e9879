"""The researcher's seed as two sheets of paper, of which one alone says nothing. Standard library only."""

import hashlib
import secrets

SEED_BYTES = 32


def split_key(seed: bytes) -> list[str]:
    """The lines of two sheets: a random share, and the seed XOR that; each ends with four check signs."""
    first = secrets.token_bytes(SEED_BYTES)
    shares = [first, bytes(a ^ b for a, b in zip(seed, first, strict=True))]
    return [_in_groups(share.hex() + _check_signs(sheet, share)) for sheet, share in enumerate(shares, 1)]


def join_key(lines: list[str]) -> bytes:
    """The seed that two sheets make together."""
    shares = [_share(sheet, line) for sheet, line in enumerate(lines, 1)]
    return bytes(a ^ b for a, b in zip(*shares, strict=True))


def _share(sheet: int, line: str) -> bytes:
    """The share of a sheet as it was typed."""
    signs = "".join(line.lower().split())
    try:
        share, check = bytes.fromhex(signs[:-4]), signs[-4:]
    except ValueError as error:
        raise ValueError(f"Sheet {sheet} is not copied right.") from error
    if len(share) != SEED_BYTES or check != _check_signs(sheet, share):
        raise ValueError(f"Sheet {sheet} is not copied right.")
    return share


def _check_signs(sheet: int, share: bytes) -> str:
    return hashlib.sha256(f"navtrial/escrow/v1 {sheet}".encode() + share).hexdigest()[:4]


def _in_groups(signs: str) -> str:
    return " ".join(signs[place : place + 4] for place in range(0, len(signs), 4))
