"""Søknadspakke: what a register owner asks for before it hands anything out, in one zip.

Nav hands out data on consent only where the consent itemises them; the request holds the unsigned consent form, the
information letter, a complete list of variables with a reason each, and a description of the project. Added is the list
of the numbers that have consented, without names. Source: nav.no, "Utlevering basert på samtykke".
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.spreadsheets import spreadsheet
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.documents import Document, Section, pdf_of
from trial.enrolment.letter import letter_of, storage_of
from trial.enrolment.models import ConsentForm
from trial.enrolment.policies import current_form
from trial.enrolment.variables import in_words
from trial.registers.queries import consented_numbers, registers_of
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.setup import summary

WRITTEN = (1980, 1, 1, 0, 0, 0)  # a zip's time is that of a machine: left out, so that equal contents are equal bytes
VARIABLE_LIST = ("register", "register_name", "variable", "variable_name", "reason", "voluntary")


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
            "variabelliste.csv": spreadsheet(VARIABLE_LIST, _variables(form)),
            "prosjektbeskrivelse.pdf": _description(form, numbers),
            "deltakernumre.csv": spreadsheet(("register", "participant_number"), _pairs(numbers)),
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


HANDLING = (
    gettext_lazy("Registereieren får deltakernumre. Hvem de er, står i en fil som er kryptert til registereieren."),
    gettext_lazy("Det som leveres, skal bare ha deltakernumre. Filer med fødselsnummer avvises og slettes."),
    gettext_lazy("De som analyserer, ser verken navn eller fødselsnummer, og bare den som samtykket dekker, er med."),
    gettext_lazy("Resultater kontrolleres av en annen person og frigis uten små celler."),
)


def _description(form: ConsentForm, numbers: dict[str, list[str]]) -> bytes:
    """The plan of the trial, how data are handled and until when, and how many have consented to what."""
    trial, registers = form.trial, registers_of(form.trial)
    said = {"version": form.version, "date": date_format(clock.on_date(form.published_at), "d.m.Y")}
    proof = [
        (_("Samtykkeskjema"), _("Versjon %(version)s, %(date)s") % said),
        (_("SHA-256 av skjemaet"), form.sha256),
        (_("Analyseplanens kontrollsum"), trial.analysis_plan_sha256 or _("Ikke låst ennå")),
    ]
    consents = [(str(registers[register]), str(len(found))) for register, found in numbers.items()]
    plan = [
        Section(str(part["heading"]), rows=[(str(row["label"]), str(row["value"])) for row in part["rows"]])
        for part in summary(trial, changeable=())
    ]
    columns = (_("Register"), _("Antall"))
    return pdf_of(
        Document(
            title=_("Prosjektbeskrivelse: %(trial)s") % {"trial": trial.name},
            language="nb",
            sections=[
                *plan,
                Section(_("Slik behandles opplysningene"), paragraphs=[*map(str, HANDLING), storage_of(form)]),
                Section(_("Samtykke og analyseplan"), rows=proof),
                Section(_("Deltakere som har samtykket"), columns=columns, table=consents),
            ],
            footer=date_format(clock.today(), "d.m.Y"),
        )
    )


def _zipped(files: dict[str, bytes]) -> bytes:
    """The files, and beside them the SHA-256 of each, as `sha256sum -c` reads it."""
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in sorted({**files, "SHA256SUMS": sums.encode()}.items()):
            package.writestr(zipfile.ZipInfo(name, WRITTEN), content)
    return made.getvalue()
