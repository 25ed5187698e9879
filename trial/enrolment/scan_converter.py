"""Makes a scanned form anew from its pixels: `python -m trial.enrolment.scan_converter < upload > form.pdf`.

A program of its own, started for one file with little memory and time: whatever a hostile file does to the libraries
that read it, it does here. Only what can be seen survives: no metadata, scripts, layers, attachments or trailing bytes.
The true type is read from the content; a name or a declared type is never asked.
"""

import io
import resource
import sys
import warnings
from collections.abc import Iterator

import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 15 * 1024 * 1024
MOST_PAGES = 10
MOST_PIXELS = 40_000_000  # an A4 page at 600 dots per inch
LONGEST_SIDE = 2340  # pixels of a page as it is kept: A4 at 200 dots per inch
DOTS_PER_INCH = 200
QUALITY = 80
MEMORY_BYTES = 1024**3
CPU_SECONDS = 20
SIGNATURES = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}
REFUSED = 3  # exit code: the word on standard error says why


class Refused(Exception):  # noqa: N818 - an answer about the file
    """The file is no form that can be kept; the argument is the code."""


def convert(content: bytes) -> tuple[int, bytes]:
    """The number of pages, and a PDF that holds nothing but their pictures.

    Raises:
        Refused: `scan_too_large`, `scan_type`, `scan_unreadable`, `scan_pages`, `scan_pixels`.
    """
    if len(content) > MOST_BYTES:
        raise Refused("scan_too_large")
    kind = next((kind for start, kind in SIGNATURES.items() if content.startswith(start)), None)
    if kind is None:
        raise Refused("scan_type")
    pages = list(_of_pdf(content) if kind == "pdf" else _of_image(content, kind))
    made = io.BytesIO()
    pages[0].save(
        made, "PDF", save_all=True, append_images=pages[1:], resolution=DOTS_PER_INCH, quality=QUALITY, producer=""
    )
    return len(pages), made.getvalue()


def _of_pdf(content: bytes) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise Refused("scan_unreadable") from None
    if not 1 <= len(document) <= MOST_PAGES:
        raise Refused("scan_pages")
    for number in range(len(document)):
        try:
            page = document[number]
            longest = max(page.get_size())
            yield _plain(page.render(scale=LONGEST_SIDE / max(longest, 1), may_draw_forms=False).to_pil())
        except (pypdfium2.PdfiumError, ValueError, OverflowError):
            raise Refused("scan_unreadable") from None


def _of_image(content: bytes, kind: str) -> Iterator[Image.Image]:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as image:
            yield _plain(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("scan_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, OverflowError):
        raise Refused("scan_unreadable") from None


def _plain(image: Image.Image) -> Image.Image:
    """The pixels on white, no larger than a page needs, and nothing else."""
    if image.mode.startswith("I"):  # sixteen bits of grey, which Pillow would cut to white instead of scaling
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    image = image.convert("RGBA")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        pages, document = convert(sys.stdin.buffer.read(MOST_BYTES + 1))
    except Refused as refused:
        sys.stderr.write(str(refused))
        return REFUSED
    except MemoryError:
        sys.stderr.write("scan_pixels")
        return REFUSED
    sys.stdout.buffer.write(pages.to_bytes(1) + document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
