"""Keeping the signed paper: scanned, made anew by a program with little memory and time, and encrypted."""

import subprocess
import sys

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit.actions import action
from trial.enrolment.models import Consent
from trial.enrolment.scan_converter import MOST_BYTES
from trial.identity import actions as identity
from trial.identity.models import Scan
from trial.studies.permissions import require

SECONDS = 30
SENTENCES = {
    "scan_type": _("Filen er ikke en PDF, PNG eller JPEG."),
    "scan_too_large": _("Filen er for stor. Grensen er 15 MB."),
    "scan_pages": _("Skjemaet må ha mellom 1 og 10 sider."),
    "scan_pixels": _("Bildet har for mange bildepunkter. Skann med lavere oppløsning."),
    "scan_unreadable": _("Filen kan ikke leses. Den er skadet eller har passord. Skann skjemaet på nytt."),
}


@action
def add_scan(*, by: User, consent: Consent, scan: File) -> Scan:
    """Keep the scanned form of a consent. Neither the file nor its name is kept, only what can be seen on it.

    Raises:
        Refusal: `national_id_in_text` for the file's name; a code of `SENTENCES`; `identity_erased`.
    """
    require(by, consent.trial, Permission.ENROL, consent.office)
    refuse_national_id(scan=scan.name or "")
    if scan.size > MOST_BYTES:
        raise _refused("scan_too_large")
    pages, document = _converted(scan.read())
    return identity.keep_scan(by=by, subject=consent.participant_id, consent=consent.pk, pages=pages, document=document)


def _converted(content: bytes) -> tuple[int, bytes]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "trial.enrolment.scan_converter"],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            cwd=settings.ROOT,
            env={"PYTHONPATH": str(settings.ROOT)},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused("scan_unreadable") from None
    if done.returncode or not done.stdout:
        raise _refused(done.stderr.decode(errors="replace"))
    return done.stdout[0], done.stdout[1:]


def _refused(code: str) -> Refusal:
    """A word that is none of ours, or a signal, means that the file broke the converter."""
    known = code if code in SENTENCES else "scan_unreadable"
    return Refusal(known, SENTENCES[known], field="scan", status=422)
