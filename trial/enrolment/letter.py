"""The information letter with the consent form, for reading at home and signing on paper."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from trial.enrolment.documents import Document, Section, pdf_of
from trial.enrolment.models import ConsentForm
from trial.enrolment.summaries import asked_for
from trial.studies.models import Trial
from trial.studies.setup import privacy_rows


def letter_of(form: ConsentForm, *, number: str = "") -> bytes:
    """The letter as PDF, in the reader's language; `number` is printed on it where a participant gets it."""
    trial = form.trial
    version = _("Samtykkeskjema versjon %(version)s, %(date)s") % {
        "version": form.version,
        "date": date_format(localtime(form.published_at), "d.m.Y"),
    }
    return pdf_of(
        Document(
            title=_("Forespørsel om å delta i forsøket %(trial)s") % {"trial": trial.name},
            language=(get_language() or "nb")[:2],
            lead=trial.purpose,
            sections=[*_letter(form, trial), *_registers(form)],
            footer=" · ".join(filter(None, [version, number, form.sha256[:16]])),
            signed=[_("Sted og dato"), _("Underskrift")],
        )
    )


FREE = (
    gettext_lazy("Du kan når som helst og uten grunn:"),
    gettext_lazy("– avslutte oppfølgingen i forsøket"),
    gettext_lazy("– trekke samtykket, slik at ingen nye opplysninger hentes"),
    gettext_lazy("– trekke samtykket og få slettet navn og fødselsnummer"),
    gettext_lazy("Du kan be Nav-kontoret om innsyn i alt som er registrert om deg, og få feil rettet."),
)
# Whoever asks is also whoever decides about benefits: the letter has to say that the answer changes nothing there.
INDEPENDENT = gettext_lazy(
    "Nav bestemmer over ytelser og oppfølging som du kan være avhengig av. Det skal ikke påvirke valget ditt: sier du "
    "nei, eller trekker du deg senere, får du de samme ytelsene og den samme hjelpen som ellers."
)

COMPLAINT = gettext_lazy("Mener du at opplysninger om deg behandles i strid med loven, kan du klage til Datatilsynet.")


def _letter(form: ConsentForm, trial: Trial) -> list[Section]:
    arms = ", ".join(str(arm) for arm in trial.arms.all())
    meaning = [
        _("Deltakerne fordeles ved loddtrekning mellom: %(arms)s.") % {"arms": arms},
        _("Ingen ved Nav-kontoret kan påvirke eller vite på forhånd hvem som trekkes til hva."),
        *form.text.split("\n\n"),
    ]
    return [
        Section(_("Hva det innebærer"), paragraphs=meaning),
        Section(_("Det er frivillig"), paragraphs=[str(text) for text in (INDEPENDENT, *FREE)]),
        Section(_("Lagring"), paragraphs=[storage_of(form)]),
        Section(
            _("Hvem som har ansvaret"),
            rows=[row for row in privacy_rows(trial) if row[1]],
            paragraphs=[str(COMPLAINT)],
        ),
    ]


def storage_of(form: ConsentForm) -> str:
    """Until when what is held of people is kept, as they are told."""
    if form.storage_end is None:
        return _("Opplysningene slettes når forsøket er ferdig.")
    return _("Opplysningene slettes senest %(date)s.") % {"date": date_format(form.storage_end, "d.m.Y")}


def _registers(form: ConsentForm) -> list[Section]:
    """Each register with its variables and why they are needed; the optional ones say so."""
    return [
        Section(
            part["summary"],
            columns=(_("Variabel"), _("Hvorfor")) if part["variables"] else (),
            table=part["variables"],
        )
        for part in asked_for(form)["parts"]
    ]
