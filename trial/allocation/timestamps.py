"""Time stamps of RFC 3161: the question to an authority, and what its answer must hold before it is kept.

The answer is kept whole, as the file that `openssl ts -verify` reads: whether the authority's signature is good is
for the auditor to judge, with the authority's certificate. Here is checked that it answers this very question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

SHA256 = bytes.fromhex("0609608648016503040201")  # its object identifier, encoded
INTEGER, OCTETS, NULL, SEQUENCE, TIME, TRUE = 0x02, 0x04, b"\x05\x00", 0x30, 0x18, b"\x01\x01\xff"
GRANTED = (0, 1)  # granted, granted with changes


class TimestampError(ValueError):
    """The authority's answer is no stamp of what was asked."""


@dataclass(frozen=True)
class Stamp:
    """An authority's answer as it came (DER), and the time that it says."""

    response: bytes
    time: datetime


def query(data: bytes, *, nonce: int) -> bytes:
    """The TimeStampReq (DER) for the SHA-256 of `data`; asks for the authority's certificate in the answer."""
    imprint = _tlv(SEQUENCE, _tlv(SEQUENCE, SHA256 + NULL) + _tlv(OCTETS, hashlib.sha256(data).digest()))
    return _tlv(SEQUENCE, _integer(1) + imprint + _integer(nonce) + TRUE)


def stamp(response: bytes, data: bytes, *, nonce: int) -> Stamp:
    """The stamp in a TimeStampResp (DER).

    Raises:
        TimestampError: refused, malformed, or a stamp of other data or another question.
    """
    try:
        status, token = _parts(_whole(response))
        if int.from_bytes(_parts(status)[0]) not in GRANTED:
            raise TimestampError("the authority refused")
        return _read(response, token, hashlib.sha256(data).digest(), nonce)
    except (IndexError, ValueError) as problem:
        if isinstance(problem, TimestampError):
            raise
        raise TimestampError("the authority's answer cannot be read") from problem


def _read(response: bytes, token: bytes, digest: bytes, nonce: int) -> Stamp:
    """Down to TSTInfo: ContentInfo, [0], SignedData, encapsulated content, [0], octets."""
    signed = _parts(_whole(_parts(token)[1]))
    info = _tagged(_whole(_whole(_parts(signed[2])[1])))
    if _parts(info[2][1])[1] != digest:
        raise TimestampError("the stamp is of other data")
    if nonce not in [int.from_bytes(content) for tag, content in info[5:] if tag == INTEGER]:
        raise TimestampError("the stamp answers another question")
    tag, written = info[4]
    if tag != TIME:
        raise TimestampError("the stamp has no time")
    return Stamp(response, datetime.strptime(written.decode()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC))


def _integer(number: int) -> bytes:
    return _tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    written = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + _digits(size)
    return bytes([tag]) + written + content


def _digits(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _whole(data: bytes) -> bytes:
    """The content of the one element that `data` is."""
    elements = _tagged(data)
    if len(elements) != 1:
        raise ValueError("one element was expected")
    return elements[0][1]


def _parts(data: bytes) -> list[bytes]:
    return [content for _tag, content in _tagged(data)]


def _tagged(data: bytes) -> list[tuple[int, bytes]]:
    return list(_elements(data))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of DER one after the other: tag and content."""
    place = 0
    while place < len(data):
        tag, size, begin = data[place], data[place + 1], place + 2
        if size & 0x80:
            begin += size & 0x7F
            size = int.from_bytes(data[place + 2 : begin])
        if begin + size > len(data):
            raise ValueError("an element is cut off")
        yield tag, data[begin : begin + size]
        place = begin + size
