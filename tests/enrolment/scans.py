"""Scanned forms, honest ones, and hostile ones made from a seed, each with the code that it is refused with."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, PngImagePlugin

SECRET = "Kari Nordmann 13097248022"
PDF_HEAD = b"%PDF-1.7\n"


def picture(seed: int = 0, size: tuple[int, int] = (300, 400), mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def jpeg(seed: int = 0, **options: object) -> bytes:
    """A photo with a name in its metadata and a comment after its end."""
    exif = Image.Exif()
    exif[0x010E], exif[0x9C9C] = SECRET, SECRET.encode("utf-16-le")
    made = io.BytesIO()
    picture(seed).save(made, "JPEG", exif=exif, comment=SECRET.encode(), **options)
    return made.getvalue() + SECRET.encode()


def png(seed: int = 0, size: tuple[int, int] = (300, 400), mode: str = "RGBA") -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET)
    made = io.BytesIO()
    picture(seed, size, mode).save(made, "PNG", pnginfo=info)
    return made.getvalue()


def pdf(seed: int = 0, pages: int = 2) -> bytes:
    made = io.BytesIO()
    first, *rest = [picture(seed + place) for place in range(pages)]
    first.save(made, "PDF", save_all=True, append_images=rest, title=SECRET, author=SECRET)
    return made.getvalue()


def scripted_pdf() -> bytes:
    """Opens with a script and carries a file."""
    head = b"1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
    body = b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]>>"
    return PDF_HEAD + head + body + b"endobj\ntrailer<</Root 1 0 R>>\n%%EOF" + SECRET.encode()


def huge_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kilobytes that say they are billions of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def huge_page_pdf() -> bytes:
    """One page that says it is 200 kilometres wide."""
    return scripted_pdf().replace(b"0 0 300 400", b"0 0 566929133 1")


def honest() -> Iterator[bytes]:
    yield from (
        jpeg(),
        jpeg(progressive=True),
        png(),
        png(mode="L"),
        png(mode="1"),
        pdf(),
        pdf(pages=10),
        scripted_pdf(),
    )


def hostile(seed: int) -> Iterator[tuple[bytes, str]]:
    """Files of each kind that is refused, with the code; their bytes depend on the seed."""
    rng = np.random.default_rng(seed)
    noise = rng.bytes(int(rng.integers(10, 5000)))
    yield b"", "scan_type"
    yield noise if noise[0] not in (0x25, 0x89, 0xFF) else b"x" + noise, "scan_type"
    yield b"PK\x03\x04" + noise, "scan_type"
    yield b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>" + noise, "scan_type"
    yield b"GIF89a" + noise, "scan_type"
    yield b"MZ" + noise + pdf(seed, pages=1), "scan_type"
    yield b"\x89PNG\r\n\x1a\n" + noise, "scan_unreadable"
    yield b"\xff\xd8\xff" + noise, "scan_unreadable"
    yield PDF_HEAD + noise, "scan_unreadable"
    yield png(seed)[: int(rng.integers(60, 2000))], "scan_unreadable"
    yield pdf(seed, pages=1)[: int(rng.integers(10, 300))], "scan_unreadable"
    yield huge_png(int(rng.integers(20_000, 90_000)), 60_000), "scan_pixels"
    yield pdf(seed, pages=11), "scan_pages"
    yield pdf(seed, pages=1) + bytes(15 * 1024 * 1024), "scan_too_large"
