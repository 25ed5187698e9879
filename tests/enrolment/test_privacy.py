"""One person's rights: who looked, what is held, correction; and who may look at all."""

import io
import json
from datetime import UTC, datetime, timedelta
from html import unescape

import pypdfium2
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from tests.cast import acting
from tests.factories import checked, consented, registered, synthetic_person
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit import calls, cef
from trial.audit.models import AuditEvent
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Display, EligibilityCheck, Participant
from trial.enrolment.reviewing import review
from trial.enrolment.shielding import set_shield
from trial.enrolment.states import Withdrawal
from trial.identity.actions import keep_scan
from trial.identity.models import IdentityRecord, Person
from trial.identity.queries import person_of
from trial.studies.actions import add_member

pytestmark = pytest.mark.slow


def body(response):
    return unescape(response.content.decode())


def displays():
    with maintenance():
        return list(Display.objects.order_by("id").values_list("number", "user__display_name", "what", "shielded"))


def text_of(pdf):
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def _shield(cast, participant, *readers):
    with acting(cast.kari):
        check = EligibilityCheck.objects.select_related("trial", "office").get(pk=participant.key)
        set_shield(by=cast.kari, check=check, readers=readers)


class TestDisplays:
    def test_each_display_is_one_line_and_a_list_is_none(self, office, cast):
        participant = consented(cast)
        office.get()
        office.post("search/", {"q": "Testvik"})
        assert displays() == []
        office.get(f"{participant.number}/")
        office.get(f"{participant.number}/withdrawal/")
        name = "Kari Veileder"
        assert displays() == [
            (participant.number, name, "participant", False),
            (participant.number, name, "withdrawal", False),
        ]

    def test_whoever_sees_no_names_leaves_no_line(self, at, cast):
        participant = consented(cast)
        at(cast.coordinator).get(f"{participant.number}/")
        assert displays() == []

    def test_a_refused_display_leaves_no_line(self, at, cast):
        participant = consented(cast)
        assert at(cast.hanne).get(f"{participant.number}/").status_code == 404
        assert displays() == []

    def test_who_was_erased_is_not_displayed(self, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
        office.get(f"{participant.number}/")
        assert displays() == []

    def test_a_registration_under_way_is_displayed_without_a_number(self, office, cast):
        key = checked(cast).key
        office.post(f"new/{key}/person/", {"name": "Nora T", "go": "later"})
        office.get(f"new/{key}/person/")
        assert displays() == [("", "Kari Veileder", "registration", False)]

    @pytest.mark.parametrize("statement", ["UPDATE enrolment_display SET what = 'x'", "DELETE FROM enrolment_display"])
    def test_a_line_never_changes(self, office, cast, statement):
        office.get(f"{consented(cast).number}/")
        with pytest.raises(IntegrityError), maintenance(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_the_security_log_hears_of_it_once_switched_on(
        self, office, cast, caplog, django_capture_on_commit_callbacks
    ):
        participant = consented(cast)
        cef.LOGGER.addHandler(caplog.handler)
        with django_capture_on_commit_callbacks(execute=True):
            office.get(f"{participant.number}/")
        cef.LOGGER.removeHandler(caplog.handler)
        (line,) = [one.getMessage() for one in caplog.records if one.name == cef.LOGGER.name]
        assert line.startswith("CEF:0|navtrial|displays|1.0|audit:access|Navtrial|INFO|suid=se-klar-kari ")
        assert f"duid={participant.number} " in line
        assert " msg=Vist hvem deltakeren er: Deltakersiden " in line
        here = f"{settings.SITE_URL}/trials/se-klar/participants/{participant.number}/"
        assert f" request={here} requestMethod=GET " in line
        with maintenance():
            assert f" sproc=display-{Display.objects.get().pk} flexString1=se-klar " in line

    def test_it_is_off_by_default(self):
        assert "SysLogHandler" not in [type(handler).__name__ for handler in cef.LOGGER.handlers]
        assert cef.LOGGER.propagate is False

    def test_signs_with_a_meaning_are_escaped(self):
        at = datetime(2026, 3, 2, tzinfo=UTC)
        seen = cef.Seen(user="a=b\nc", number="MOS", what="x|y", trial="t\\", at=at, key=7, warn=True)
        line = cef.line(seen, calls.Call("GET", "https://a.no/?b=c"))
        assert line.endswith(
            "|WARN|suid=a\\=b\\nc duid=MOS end=1772409600000 msg=x|y request=https://a.no/?b\\=c requestMethod=GET "
            "sproc=display-7 flexString1=t\\\\ flexString1Label=trial"
        )

    def test_a_display_outside_a_request_names_no_address(self):
        at = datetime(2026, 3, 2, tzinfo=UTC)
        seen = cef.Seen(user="kari", number="MOS", what="x", trial="t", at=at, key=7, warn=False)
        assert "request" not in cef.line(seen, calls.current())

    def test_what_stands_behind_the_question_mark_is_not_told(
        self, office, cast, caplog, django_capture_on_commit_callbacks
    ):
        participant = consented(cast)
        cef.LOGGER.addHandler(caplog.handler)
        with django_capture_on_commit_callbacks(execute=True):
            office.get(f"{participant.number}/?q=Nora")
        cef.LOGGER.removeHandler(caplog.handler)
        assert "Nora" not in caplog.text
        assert f"{participant.number}/ requestMethod" in caplog.text


class TestReview:
    def test_the_office_lead_sees_who_looked_and_signs(self, at, office, cast):
        participant = consented(cast)
        office.get(f"{participant.number}/")
        lead = at(cast.siri).client
        page = body(lead.get("/trials/se-klar/displays/"))
        assert "Kari Veileder" in page
        assert participant.number in page
        assert "1 visning er ikke gjennomgått" in page
        assert lead.post("/trials/se-klar/displays/", {"remark": "Spurt Kari: avtalt samtale."}).status_code == 302
        page = body(lead.get("/trials/se-klar/displays/"))
        assert "Alt er gjennomgått" in page
        assert "Spurt Kari: avtalt samtale." in page

    def test_nothing_grows_too_old_to_be_reviewed(self, at, office, cast, simulated_clock):
        office.get(f"{consented(cast).number}/")
        simulated_clock.advance(timedelta(days=40))
        lead = at(cast.siri).client
        page = body(lead.get("/trials/se-klar/displays/"))
        assert "1 visning er ikke gjennomgått" in page
        assert "Kari Veileder" in page
        lead.post("/trials/se-klar/displays/", {"remark": ""})
        simulated_clock.advance(timedelta(days=1))
        office.get(f"{consented(cast).number}/")
        assert "1 visning er ikke gjennomgått" in body(lead.get("/trials/se-klar/displays/"))

    def test_whoever_leads_two_offices_reviews_each(self, at, cast):
        with acting(cast.lead):
            add_member(by=cast.lead, trial=cast.trial, user=cast.siri, role=Role.SUPERVISOR, office=cast.hurum)
        at(cast.hanne).get(f"{consented(cast, by=cast.hanne, office=cast.hurum).number}/")
        lead = at(cast.siri).client
        page = body(lead.get("/trials/se-klar/displays/?office=0104"))
        assert "/displays/?office=0628" in page
        assert "Hanne Veileder" not in page
        page = body(lead.get("/trials/se-klar/displays/?office=0628"))
        assert "Hanne Veileder" in page
        assert "?office=0628&show=odd" in page
        signed = lead.post("/trials/se-klar/displays/?office=0628", {"remark": ""})
        assert signed.url == "/trials/se-klar/displays/?office=0628"
        assert "Alt er gjennomgått" in body(lead.get(signed.url))

    def test_a_national_id_in_the_remark_is_refused_and_the_text_stays(self, at, office, cast):
        office.get(f"{consented(cast).number}/")
        page = body(at(cast.siri).client.post("/trials/se-klar/displays/", {"remark": "så 13097248022"}))
        assert "Fødselsnummer kan ikke skrives her" in page
        assert "så 13097248022" in page

    @pytest.mark.parametrize("who", ["kari", "jon", "coordinator", "lead", "analyst"])
    def test_nobody_else_reviews(self, at, cast, who):
        assert at(getattr(cast, who)).client.get("/trials/se-klar/displays/").status_code == 403
        with pytest.raises(Refusal, match="not_allowed"), maintenance():
            review(by=getattr(cast, who), office=cast.moss)

    def test_nothing_to_review_is_told(self, cast):
        with acting(cast.siri), pytest.raises(Refusal, match="nothing_to_review"):
            review(by=cast.siri, office=cast.moss)

    def test_only_the_odd_ones_can_be_shown(self, at, office, cast, simulated_clock):
        participant = consented(cast)
        office.get(f"{participant.number}/")
        simulated_clock.advance(timedelta(hours=14))
        office.get(f"{participant.number}/withdrawal/")
        page = body(at(cast.siri).client.get("/trials/se-klar/displays/?show=odd"))
        assert "Utenom arbeidstid" in page
        assert page.count(participant.number) == 1


class TestShield:
    def test_only_the_named_see_a_shielded_participant(self, at, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            name = person_of(participant.key).name
        _shield(cast, participant, cast.kari)
        assert name in body(office.get(f"{participant.number}/"))
        jon = at(cast.jon)
        assert jon.get(f"{participant.number}/").status_code == 404
        for text in (participant.number, name):
            assert "Ingen treff" in body(jon.post("search/", {"q": text}))
        assert name not in body(jon.get())
        with acting(cast.jon):
            assert not Participant.objects.filter(pk=participant.key).exists()
            assert not EligibilityCheck.objects.filter(pk=participant.key).exists()
            assert not IdentityRecord.objects.filter(pk=participant.key).exists()
        _shield(cast, participant, cast.kari, cast.jon)
        assert name in body(jon.get(f"{participant.number}/"))

    def test_control_unshielded_the_colleague_sees_the_participant(self, at, cast):
        assert at(cast.jon).get(f"{consented(cast).number}/").status_code == 200

    def test_it_can_be_lifted_and_leaves_nothing_behind(self, at, cast):
        participant = consented(cast)
        _shield(cast, participant, cast.kari)
        _shield(cast, participant)
        assert at(cast.jon).get(f"{participant.number}/").status_code == 200

    def test_displays_of_the_shielded_are_told_at_a_raised_level(
        self, office, cast, caplog, django_capture_on_commit_callbacks
    ):
        participant = consented(cast)
        _shield(cast, participant, cast.kari)
        with django_capture_on_commit_callbacks(execute=True):
            office.get(f"{participant.number}/")
        assert [one.levelname for one in caplog.records if "shielded_person_shown" in one.getMessage()] == ["WARNING"]
        assert displays() == [(participant.number, "Kari Veileder", "participant", True)]

    @pytest.mark.parametrize("who", ["siri", "hanne"])
    def test_readers_work_at_the_office_and_include_oneself(self, cast, who):
        participant = consented(cast)
        with pytest.raises(Refusal, match=r"reader_missing|reader_elsewhere"):
            _shield(cast, participant, getattr(cast, who))

    def test_at_the_registration_one_tick_shields(self, office, at, cast):
        check = checked(cast)
        person = synthetic_person()
        typed = {"name": person.name, "national_id": person.national_id, "shielded": "on"}
        assert office.post(f"new/{check.key}/person/", typed).status_code == 302
        assert person.name in body(office.get())
        assert person.name not in body(at(cast.jon).get())
        assert "checked" in body(office.get(f"new/{check.key}/person/"))

    def test_whoever_cannot_sign_in_any_more_is_no_colleague(self, office, cast):
        participant = consented(cast)
        assert "Jon Jobbspesialist" in body(office.get(f"{participant.number}/shield/"))
        with maintenance():
            type(cast.jon).objects.filter(pk=cast.jon.pk).update(is_active=False)
        assert "Jon Jobbspesialist" not in body(office.get(f"{participant.number}/shield/"))

    def test_the_page_names_colleagues(self, office, cast):
        participant = consented(cast)
        page = body(office.get(f"{participant.number}/shield/"))
        assert "Jon Jobbspesialist" in page
        assert "Hanne Veileder" not in page
        said = body(office.post(f"{participant.number}/shield/", {"shielded": "on"}))
        assert "Velg minst én kollega" in said
        said = body(office.post(f"{participant.number}/shield/", {"shielded": "on", "readers": [cast.jon.pk]}))
        assert "Du må selv være en av dem" in said
        chosen = {"shielded": "on", "readers": [cast.kari.pk, cast.jon.pk]}
        assert office.post(f"{participant.number}/shield/", chosen).status_code == 302

    def test_why_is_written_nowhere(self, office, cast):
        participant = consented(cast)
        _shield(cast, participant, cast.kari)
        with maintenance():
            event = AuditEvent.objects.get(verb="shield_set")
        assert event.details == {"readers": [cast.kari.pk]}


class TestExtract:
    def test_the_person_gets_everything_as_pdf_and_json(self, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            person = person_of(participant.key)
        office.get(f"{participant.number}/")
        answer = office.post(f"{participant.number}/extract.json")
        said = json.loads(answer.content)
        parts = {part["heading"]: part for part in said["sections"]}
        assert parts["Person"]["values"]["Navn"] == person.name
        assert parts["Deltakelse"]["values"]["Deltakernummer"] == participant.number
        assert parts["Samtykker"]["rows"][0]["Hvordan"] == "På papir, oppbevart: Perm 1"
        assert [row["Hva"] for row in parts["Hvem som har sett hvem du er"]["rows"]] == [
            "Innsyn i alle opplysninger",
            "Deltakersiden",
        ]
        pdf = office.post(f"{participant.number}/extract.pdf")
        assert pdf["Content-Type"] == "application/pdf"
        assert pdf["Cache-Control"] == "no-store"
        for text in (person.name, participant.number, "Har personen nedsatt arbeidsevne?"):
            assert text in text_of(pdf.content)

    def test_a_signed_form_that_is_kept_is_told(self, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            signed = participant.consents.get().pk
            keep_scan(by=cast.kari, subject=participant.pk, consent=signed, pages=1, document=b"%PDF")
        said = json.loads(office.post(f"{participant.number}/extract.json").content)
        (given,) = next(part["rows"] for part in said["sections"] if part["heading"] == "Samtykker")
        assert given["Skannet skjema"] == "02.03.2026 09.00"

    def test_what_somebody_wrote_is_never_markup(self, office, cast):
        odd = Person('#eval("1+1") *Nora* $x$ <tag> [a]', synthetic_person(5).national_id, "//comment @ref")
        participant = registered(cast, person=odd)
        pdf = text_of(office.post(f"{participant.number}/extract.pdf").content)
        assert odd.name in pdf
        assert odd.contact in pdf

    def test_only_the_own_caseworker_and_only_by_post(self, office, at, cast):
        participant = consented(cast)
        assert office.get(f"{participant.number}/extract.pdf").status_code == 405
        assert at(cast.hanne).post(f"{participant.number}/extract.json").status_code == 404
        assert at(cast.jon).post(f"{participant.number}/extract.json").status_code == 403
        assert at(cast.coordinator).post(f"{participant.number}/extract.json").status_code == 403

    def test_it_is_in_english_for_whoever_reads_english(self, office, cast):
        participant = consented(cast)
        office.client.cookies["language"] = "en"
        assert "Information about you" in text_of(office.post(f"{participant.number}/extract.pdf").content)


class TestCorrection:
    def test_a_participant_is_corrected_at_any_time(self, office, cast):
        participant, right = consented(cast), synthetic_person(90)
        page = body(office.get(f"{participant.number}/person/"))
        assert "Rett opplysningene" in page
        typed = {"name": right.name, "national_id": right.national_id, "contact": "9"}
        assert office.post(f"{participant.number}/person/", typed).status_code == 302
        with acting(cast.kari):
            assert person_of(participant.key) == Person(right.name, right.national_id, "9")

    def test_a_mistake_is_told_and_what_was_typed_stays(self, office, cast):
        participant = consented(cast)
        page = body(office.post(f"{participant.number}/person/", {"name": "Nora Ny", "national_id": "123"}))
        assert "ikke gyldig" in page
        assert 'value="Nora Ny"' in page

    def test_who_was_erased_cannot_be_written_again(self, office, cast):
        participant = consented(cast)
        with acting(cast.kari):
            withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
        right = synthetic_person(91)
        page = body(
            office.post(f"{participant.number}/person/", {"name": right.name, "national_id": right.national_id})
        )
        assert "er slettet og kan ikke skrives på nytt" in page
