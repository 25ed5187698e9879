"""Søknadspakke: what a register owner asks for before it hands anything out, in one zip.

Nav hands out data on consent only where the consent itemises them; the request holds the unsigned consent form, the
information letter, a complete list of variables with a reason each, and a description of the project. Added is the list
of the numbers that have consented, without names. Source: nav.no, "Utlevering basert på samtykke".
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from trial.access.models import User
from trial.access.permissions import Permission
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.documents import Document, Section, pdf_of
from trial.enrolment.letter import letter_of
from trial.enrolment.models import ConsentForm
from trial.enrolment.policies import current_form
from trial.enrolment.variables import in_words
from trial.registers.queries import consented_numbers, registers_of
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.setup import privacy_rows

WRITTEN = (1980, 1, 1, 0, 0, 0)  # a zip's time is that of a machine: left out, so that equal contents are equal bytes
VARIABLE_LIST = ("register", "register_name", "variable", "variable_name", "reason", "voluntary")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"  # spreadsheets read Norwegian letters with it


@action
def application_package(*, by: User, trial: Trial) -> bytes:
    """The zip, with the numbers that consent to each register just now; that it was made is logged with their count.

    Raises:
        Refusal: `not_allowed`, `consent_form_missing`.
    """
    require(by, trial, Permission.LINK)
    form = current_form(trial)
    numbers = {register: sorted(consented_numbers(trial, register)) for register in registers_of(trial)}
    with override("nb"):  # whatever language it is made in: this is what the owner's letters are written in
        files = {
            "informasjonsskriv-og-samtykke.pdf": letter_of(form),
            "variabelliste.csv": _table(VARIABLE_LIST, _variables(form)),
            "prosjektbeskrivelse.pdf": _description(trial, numbers),
            "deltakernumre.csv": _table(("register", "participant_number"), _pairs(numbers)),
        }
    if form.text_en:
        with override("en"):
            files["information-letter-and-consent.pdf"] = letter_of(form)
    counts = {register: len(found) for register, found in numbers.items()}
    record(by=by, verb="application_package_made", trial=trial.code, version=form.version, numbers=counts)
    return _zipped(files)


def _variables(form: ConsentForm) -> Iterable[Sequence[str]]:
    """Each variable of each register, in words and as our files name it; whether people may say no to the register."""
    for register in form.covers:
        voluntary = _("Ja") if register in form.optional else _("Nei")
        for name, reason in form.variables.get(register, []):
            yield register, str(COVERAGE[register]), name, str(in_words(name)), reason, voluntary


def _pairs(numbers: dict[str, list[str]]) -> Iterable[tuple[str, str]]:
    return ((register, number) for register, found in numbers.items() for number in found)


def _description(trial: Trial, numbers: dict[str, list[str]]) -> bytes:
    registers = registers_of(trial)
    days = [date_format(day, "d.m.Y") for day in (trial.planned_start, trial.planned_end) if day]
    rows = [
        (_("Forsøk"), trial.name),
        (_("Planlagt antall deltakere"), str(trial.planned_size)),
        (_("Rekruttering"), "–".join(days) or _("Ikke fastsatt")),
        (_("Grupper"), ", ".join(str(arm) for arm in trial.arms.all())),
        (_("Nav-kontor"), ", ".join(str(office) for office in trial.offices.select_related("nav_office"))),
        (_("Analyseplanens kontrollsum"), trial.analysis_plan_sha256 or _("Ikke låst ennå")),
    ]
    privacy = [(label, value or _("Ikke fylt ut")) for label, value in privacy_rows(trial)]
    consents = [(str(registers[register]), str(len(found))) for register, found in numbers.items()]
    return pdf_of(
        Document(
            title=_("Prosjektbeskrivelse: %(trial)s") % {"trial": trial.name},
            language="nb",
            lead=trial.purpose,
            sections=[
                Section(_("Forsøket"), rows=rows),
                Section(_("Personvern"), rows=privacy),
                Section(_("Deltakere som har samtykket"), columns=(_("Register"), _("Antall")), table=consents),
            ],
            footer=date_format(clock.today(), "d.m.Y"),
        )
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([header, *(map(_as_text, row) for row in rows)])
    return (BOM + text.getvalue()).encode()


def _as_text(cell: str) -> str:
    """No spreadsheet takes what somebody wrote for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _zipped(files: dict[str, bytes]) -> bytes:
    """The files, and beside them the SHA-256 of each, as `sha256sum -c` reads it."""
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in sorted({**files, "SHA256SUMS": sums.encode()}.items()):
            package.writestr(zipfile.ZipInfo(name, WRITTEN), content)
    return made.getvalue()
