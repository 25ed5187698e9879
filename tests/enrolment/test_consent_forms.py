"""Consent: what a form itemises, how it is read and given, on paper or on screen, and given again."""

import io
from datetime import UTC, date, datetime
from html import unescape

import pypdfium2
import pytest

from tests.cast import REGISTERS, acting
from tests.factories import consented, registered
from trial.access.refusals import Refusal
from trial.enrolment.actions import publish_consent_form
from trial.enrolment.letter import letter_of
from trial.enrolment.models import ConsentForm
from trial.enrolment.policies import consent_in_force
from trial.enrolment.variables import USUAL, usual_variables
from trial.studies.actions import set_privacy

pytestmark = pytest.mark.slow


def body(response):
    return unescape(response.content.decode())


def text_of(pdf):
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(io.BytesIO(pdf)))


def published(cast, **details):
    with acting(cast.lead):
        return publish_consent_form(
            by=cast.lead,
            trial=cast.trial,
            text={"nb": "Jeg samtykker.", "en": "I consent."},
            covers=["employment", "later_contact"],
            optional=["later_contact"],
            **details,
        )


def test_the_letter_bears_the_day_on_which_the_form_was_published_in_norway(cast, simulated_clock):
    simulated_clock.set(datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    with acting(cast.lead):
        assert "versjon 2, 01.04.2026" in text_of(letter_of(published(cast)))


class TestItems:
    def test_every_register_has_its_usual_variables_with_a_reason_each(self):
        assert set(REGISTERS) <= set(USUAL)
        assert all(reason for register in USUAL for _name, reason in usual_variables(register))

    def test_a_form_names_the_usual_ones_where_nobody_says_otherwise(self, cast):
        form = published(cast)
        assert form.variables == {"employment": usual_variables("employment"), "later_contact": []}

    def test_its_hash_covers_variables_reasons_and_the_end_of_storage(self, cast):
        hashes = {
            published(cast).sha256,
            published(cast, variables={"employment": [("start", "Når")]}).sha256,
            published(cast, variables={"employment": [("start", "Hvorfor")]}).sha256,
            published(cast, storage_end=date(2030, 1, 1)).sha256,
        }
        assert len(hashes) == 4

    @pytest.mark.parametrize(
        ("details", "code"),
        [
            ({"variables": {"employment": [("salary", "x")]}}, "unknown_variable"),
            ({"variables": {"employment": [("start", "  ")]}}, "reason_missing"),
            ({"variables": {"employment": [("start", "født 13097248022")]}}, "national_id_in_text"),
            ({"variables": {"employment": [("participant_number", "x")]}}, "unknown_variable"),
            ({"variables": {"employment": []}}, "variables_missing"),
            ({"storage_end": date(2020, 1, 1)}, "storage_over"),
        ],
    )
    def test_mistakes_are_refused(self, cast, details, code):
        with pytest.raises(Refusal, match=code):
            published(cast, **details)

    def test_the_page_proposes_them_and_tells_a_mistake_by_its_line(self, at, cast):
        lead = at(cast.lead).client
        path = "/trials/se-klar/conditions/consent-form/"
        assert "position_percent: Hovedresultat" in body(lead.get(path))
        typed = {"text_nb": "Ny", "covers": ["employment"], "variables-employment": "start: Når\nlønn: Hvor mye"}
        page = body(lead.post(path, typed))
        assert "Linje 2: registeret har ingen slik variabel" in page
        assert "lønn: Hvor mye" in page
        typed |= {"variables-employment": "start: Når jobben begynte", "storage_end": "31.12.2035"}
        assert lead.post(path, typed).status_code == 302
        with acting(cast.lead):
            form = ConsentForm.objects.first()
        assert form.variables == {"employment": [["start", "Når jobben begynte"]]}
        assert form.storage_end == date(2035, 12, 31)
        page = body(lead.get("/trials/se-klar/conditions/"))
        assert "Når jobben begynte" in page
        assert "Opplysningene slettes senest 31.12.2035" in page


class TestOnScreen:
    def test_the_person_reads_and_ticks_with_nothing_ticked_beforehand(self, office, cast):
        participant = registered(cast)
        path = f"new/{participant.key}/consent/screen/"
        page = body(office.get(path))
        assert "Jeg samtykker til å delta i forsøket." in page
        assert "checked" not in page
        assert "Deltakere</a>" not in page
        done = office.post(path, {"version": 1, "agrees": "on", "covers": ["later_contact"]})
        assert "Gi skjermen tilbake til veilederen" in body(done)
        with acting(cast.kari):
            given = consent_in_force(participant)
            assert given.on_screen
            assert "later_contact" in given.covers
        assert "På skjerm ved kontoret" in body(office.get(f"{participant.number}/"))

    def test_without_the_tick_there_is_none(self, office, cast):
        participant = registered(cast)
        page = body(office.post(f"new/{participant.key}/consent/screen/", {"version": 1}))
        assert "Du må krysse av for «Jeg har lest teksten" in page
        with acting(cast.kari):
            assert consent_in_force(participant) is None

    def test_what_was_ticked_on_paper_is_not_ticked_on_the_screen(self, office, cast):
        participant = consented(cast)
        assert "checked" not in body(office.get(f"new/{participant.key}/consent/screen/"))

    def test_a_text_that_changed_meanwhile_is_refused(self, office, cast):
        participant = registered(cast)
        published(cast)
        page = body(office.post(f"new/{participant.key}/consent/screen/", {"version": 1, "agrees": "on"}))
        assert "Samtykkeskjemaet er endret" in page


class TestLetter:
    def test_it_says_all_that_consent_asks_for(self, office, cast):
        published(cast, storage_end=date(2035, 12, 31))
        answer = office.client.get("/trials/se-klar/conditions/letter.pdf")
        text = text_of(answer.content).replace("\r\n", " ")
        for said in (
            "loddtrekning mellom: Intervensjonsgruppe, Kontrollgruppe",
            "Det er frivillig",
            "trekke samtykket og få slettet navn",
            "Nav bestemmer over ytelser",
            "Stillingsprosent",
            "Ny kontakt etter forsøket (frivillig)",
            "slettes senest 31.12.2035",
            "Underskrift",
        ):
            assert said in text

    def test_it_says_who_answers_for_the_data_and_where_to_complain(self, office, cast):
        published(cast)
        with acting(cast.lead):
            set_privacy(by=cast.lead, trial=cast.trial, controller="Direktoratet", legal_basis="consent")
        text = text_of(office.client.get("/trials/se-klar/conditions/letter.pdf").content).replace("\r\n", " ")
        for said in ("Behandlingsansvarlig Direktoratet", "artikkel 6 nr. 1 a", "klage til Datatilsynet"):
            assert said in text
        assert "Prosjektleder" not in text, "nobody is named yet"

    def test_it_is_there_in_english(self, office, cast):
        office.client.cookies["language"] = "en"
        text = text_of(office.client.get("/trials/se-klar/conditions/letter.pdf").content).replace("\r\n", " ")
        for said in ("It is voluntary", "Intervention group, Control group", "Compares the groups at the start."):
            assert said in text

    def test_outsiders_get_none(self, at, cast):
        assert at(cast.outsider).client.get("/trials/se-klar/conditions/letter.pdf").status_code == 404
