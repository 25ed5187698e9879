"""Signed forms: what can be seen is kept, nothing else; hostile files are refused with a sentence, memory bounded."""

import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from tests.cast import acting
from tests.enrolment import scans
from tests.factories import consented
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.enrolment import scan_converter
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Display
from trial.enrolment.scan_converter import LONGEST_SIDE, MEMORY_BYTES, Refused, convert
from trial.enrolment.scanning import SENTENCES, add_scan
from trial.enrolment.states import Withdrawal
from trial.identity.models import Scan
from trial.identity.queries import scan_of

pytestmark = pytest.mark.slow

EVIDENCE = Path(__file__).parents[1] / "evidence" / "files-scans.json"


def upload(content: bytes, name: str = "skjema.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def kept(cast, content: bytes, name: str = "skjema.pdf"):
    participant = consented(cast)
    with acting(cast.kari):
        consent = participant.consents.select_related("trial", "office").get()
        add_scan(by=cast.kari, consent=consent, scan=upload(content, name))
    return participant, consent


class TestConverter:
    @pytest.mark.parametrize("content", list(scans.honest()), ids=range(8))
    def test_only_pictures_of_the_pages_survive(self, content):
        pages, document = convert(content)
        made = pypdfium2.PdfDocument(document)
        assert len(made) == pages
        for secret in (scans.SECRET.encode(), b"JavaScript", b"Exif", b"Author"):
            assert secret not in document
        for page in made:
            assert page.get_textpage().get_text_range().strip() == ""
            assert [item.type for item in page.get_objects()] == [pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]

    def test_a_photo_on_its_side_is_turned(self):
        exif = scans.Image.Exif()
        exif[0x0112] = 6
        made = io.BytesIO()
        scans.picture(size=(400, 300)).save(made, "JPEG", exif=exif)
        _pages, document = convert(made.getvalue())
        width, height = pypdfium2.PdfDocument(document)[0].get_size()
        assert height > width

    def test_sixteen_bits_of_grey_do_not_turn_white(self):
        made = io.BytesIO()
        scans.Image.frombytes("I;16", (200, 200), (60 * 257).to_bytes(2, "little") * 40_000).save(made, "PNG")
        _pages, document = convert(made.getvalue())
        shown = pypdfium2.PdfDocument(document)[0].render().to_pil().convert("L").resize((1, 1))
        assert abs(shown.getpixel((0, 0)) - 60) <= 2

    def test_a_large_picture_is_made_smaller(self):
        made = io.BytesIO()
        scans.Image.new("L", (4000, 5000)).save(made, "PNG")
        _pages, document = convert(made.getvalue())
        (picture,) = pypdfium2.PdfDocument(document)[0].get_objects()
        assert max(picture.get_px_size()) == LONGEST_SIDE

    def test_a_page_of_absurd_size_is_drawn_no_larger_than_any_other(self):
        pages, document = convert(scans.huge_page_pdf())
        assert pages == 1
        assert len(document) < 1024**2

    def test_every_reason_has_its_sentence(self):
        source = Path(scan_converter.__file__).read_text()
        assert all(f'"{code}"' in source for code in SENTENCES)

    def _hostile(self, turns: int) -> list[str]:
        faults = []
        for seed in range(turns):
            for content, code in scans.hostile(seed):
                try:
                    convert(content)
                    faults.append(f"{seed}: kept, not {code}")
                except Refused as refused:
                    if str(refused) != code:
                        faults.append(f"{seed}: {refused}, not {code}")
        return faults

    def test_hostile_files_are_refused_by_their_code(self):
        assert self._hostile(15) == []

    @pytest.mark.nightly
    def test_thousands_of_hostile_files(self):
        begun, turns = time.monotonic(), 360
        faults = self._hostile(turns)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        figures = {"files": turns * len(list(scans.hostile(0))), "faults": len(faults), "peak_mb": peak,
                   "seconds": round(time.monotonic() - begun, 1)}  # fmt: skip
        EVIDENCE.parent.mkdir(exist_ok=True)
        EVIDENCE.write_text(json.dumps(figures, indent=1) + "\n")
        assert faults == []
        assert peak < MEMORY_BYTES // 1024**2

    def test_the_program_for_one_file_gives_up_its_memory_first(self):
        """The limits are set before a byte is read: they hold whatever the libraries would do."""
        limits = (
            "import resource, sys; sys.argv=['x']; from trial.enrolment import scan_converter as c; "
            "c.main(); print(resource.getrlimit(resource.RLIMIT_AS)[0])"
        )
        done = subprocess.run([sys.executable, "-c", limits], input=b"", capture_output=True, check=True)
        assert int(done.stdout) == MEMORY_BYTES


class TestKeeping:
    def test_a_scan_is_encrypted_and_opens_for_the_office(self, cast):
        participant, consent = kept(cast, scans.pdf())
        with maintenance(), connection.cursor() as cursor:
            cursor.execute("SELECT content, pages FROM identity_scan")
            content, pages = cursor.fetchone()
        assert b"%PDF" not in bytes(content)
        assert pages == 2
        with acting(cast.kari):
            assert scan_of(participant.key, consent.pk).startswith(b"%PDF")
        with acting(cast.hanne):
            assert scan_of(participant.key, consent.pk) is None

    def test_a_better_scan_replaces_the_first(self, cast):
        _participant, consent = kept(cast, scans.jpeg())
        with acting(cast.kari):
            add_scan(by=cast.kari, consent=consent, scan=upload(scans.pdf(pages=3)))
            assert Scan.objects.get().pages == 3

    @pytest.mark.parametrize("who", ["hanne", "jon", "coordinator", "analyst"])
    def test_nobody_else_adds_one(self, cast, who):
        _participant, consent = kept(cast, scans.jpeg())
        with pytest.raises(Refusal, match="not_allowed"), maintenance():
            add_scan(by=getattr(cast, who), consent=consent, scan=upload(scans.jpeg()))

    def test_a_national_id_in_the_file_name_is_refused(self, cast):
        with pytest.raises(Refusal, match="national_id_in_text"):
            kept(cast, scans.jpeg(), name="samtykke 130972 48022.jpg")

    def test_a_converter_that_dies_is_a_sentence(self, cast, monkeypatch):
        monkeypatch.setattr("trial.enrolment.scanning.sys.executable", "/bin/false")
        with pytest.raises(Refusal, match="scan_unreadable"):
            kept(cast, scans.jpeg())

    def test_withdrawing_everything_deletes_it(self, cast):
        participant, _consent = kept(cast, scans.jpeg())
        with acting(cast.kari):
            withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
        with maintenance():
            assert Scan.objects.count() == 0

    def test_who_was_erased_gets_no_new_one(self, cast):
        participant, consent = kept(cast, scans.jpeg())
        with acting(cast.kari):
            withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
            with pytest.raises(Refusal, match="identity_erased"):
                add_scan(by=cast.kari, consent=consent, scan=upload(scans.jpeg()))


class TestPages:
    def test_the_form_is_uploaded_shown_on_the_page_and_read_as_pdf(self, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            consent = participant.consents.get()
        path = f"{participant.number}/consents/{consent.pk}/scan"
        assert "Legg ved skannet skjema" in office.get(f"{participant.number}/").content.decode()
        assert office.post(f"{path}/", {"scan": upload(scans.jpeg(), "IMG_1.jpg")}).status_code == 302
        assert "Skann på nytt" in office.get(f"{participant.number}/").content.decode()
        answer = office.get(f"{path}.pdf")
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.content.startswith(b"%PDF")
        with maintenance():
            assert Display.objects.filter(what="scan").count() == 1

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [(b"", "ikke en PDF, PNG eller JPEG"), (b"GIF89a", "ikke en PDF"), (b"\xff\xd8\xffx", "kan ikke leses")],
    )
    def test_a_wrong_file_is_told_at_the_field(self, office, cast, content, sentence):
        participant = consented(cast)
        with acting(cast.kari):
            consent = participant.consents.get()
        page = office.post(f"{participant.number}/consents/{consent.pk}/scan/", {"scan": upload(content)})
        assert sentence in page.content.decode()

    def test_another_participants_consent_is_not_found(self, office, cast):
        one, other = consented(cast), consented(cast)
        with acting(cast.kari):
            consent = other.consents.get()
        assert office.get(f"{one.number}/consents/{consent.pk}/scan.pdf").status_code == 404
        assert office.get(f"{one.number}/consents/{consent.pk}/scan/").status_code == 404
