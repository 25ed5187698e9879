"""Key files: two persons, one owner, one download; and the package with which a register owner is asked."""

import csv
import hashlib
import io
import zipfile
from datetime import timedelta
from html import unescape

import pypdfium2
import pyrage
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from tests.cast import acting
from tests.factories import consented, synthetic_person
from tests.registers.files import enrolled
from trial.access.planes import DatabaseRole, Plane, entered, maintenance
from trial.access.refusals import Refusal
from trial.audit.models import AuditEvent
from trial.enrolment.actions import mark_enrolled, publish_consent_form, withdraw
from trial.enrolment.states import Withdrawal
from trial.identity.models import IdentityRecord
from trial.identity.queries import person_of
from trial.registers.linkage import approve_key_file, fingerprint, hand_out, request_key_file
from trial.registers.models import LinkageRequest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def owner_key():
    """The key pair of the register owner, whose secret half we never see."""
    return pyrage.x25519.Identity.generate()


def asked(cast, owner_key, **changed):
    given = {"register": "employment", "owner": "Aa-registeret, Per Person", "recipient": str(owner_key.to_public())}
    with acting(cast.data_manager):
        return request_key_file(by=cast.data_manager, trial=cast.trial, **given | changed)


def approved(cast, request):
    with acting(cast.lead):
        return approve_key_file(by=cast.lead, request=request)


def fetched(cast, request):
    with acting(cast.data_manager):
        return hand_out(by=cast.data_manager, request=request)


def opened(sealed, owner_key):
    text = pyrage.decrypt(sealed, [owner_key]).decode()
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def texts_of(package):
    """Each document of an application package as text, by its name; sums of PDF differ with their time of making."""
    files = zipfile.ZipFile(io.BytesIO(package))
    read = {name: files.read(name) for name in files.namelist() if name != "SHA256SUMS"}
    return {name: text_of(content) if name.endswith(".pdf") else content.decode() for name, content in read.items()}


def text_of(pdf):
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def of_person(cast, person):
    participant = consented(cast, person=person)
    with acting(cast.kari):
        return mark_enrolled(by=cast.kari, participant=participant)


def test_the_owner_and_nobody_else_opens_who_the_numbers_are(cast, owner_key):
    people = [synthetic_person(serial) for serial in (31, 32)]
    numbers = [of_person(cast, person).number for person in people]
    consented(cast)  # not enrolled
    sealed = fetched(cast, approved(cast, asked(cast, owner_key)))
    rows = [[number, person.national_id] for number, person in zip(numbers, people, strict=True)]
    assert opened(sealed, owner_key) == [["participant_number", "national_id"], *sorted(rows)]
    assert people[0].national_id.encode() not in sealed
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])


def test_it_is_fetched_once_and_logged(cast, owner_key):
    enrolled(cast)
    request = approved(cast, asked(cast, owner_key))
    sealed = fetched(cast, request)
    with pytest.raises(Refusal, match="handed_out_already"):
        fetched(cast, request)
    with maintenance():
        event = AuditEvent.objects.get(verb="key_file_handed_out")
        kept = LinkageRequest.objects.get()
    assert event.actor_id == cast.data_manager.pk
    assert event.details == {"register": "employment", "people": 1, "sha256": hashlib.sha256(sealed).hexdigest()}
    assert (kept.people, kept.sha256) == (1, event.details["sha256"])


def test_only_consents_in_force_to_this_register_count(cast, owner_key):
    staying, leaving, erased = (enrolled(cast) for _each in range(3))
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=leaving, meaning=Withdrawal.NEW_DATA)
        withdraw(by=cast.kari, participant=erased, meaning=Withdrawal.EVERYTHING)
    rows = opened(fetched(cast, approved(cast, asked(cast, owner_key))), owner_key)
    assert [row[0] for row in rows[1:]] == [staying.number]
    with pytest.raises(Refusal, match="unknown_register"):
        asked(cast, owner_key, register="income")


def test_a_consent_withdrawn_between_asking_and_fetching_counts(cast, owner_key):
    participant = enrolled(cast)
    request = approved(cast, asked(cast, owner_key))
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.NEW_DATA)
    with pytest.raises(Refusal, match="nobody_consents"):
        fetched(cast, request)


def test_nobody_approves_what_they_asked_for(cast, owner_key):
    enrolled(cast)
    request = asked(cast, owner_key)
    with pytest.raises(Refusal, match="second_person_needed"), acting(cast.data_manager):
        approve_key_file(by=cast.data_manager, request=request)
    with pytest.raises(Refusal, match="not_approved"):
        fetched(cast, request)
    approved(cast, request)
    with pytest.raises(Refusal, match="approved_already"):
        approved(cast, request)


def test_the_database_holds_the_second_person_too(cast, owner_key):
    enrolled(cast)
    request = asked(cast, owner_key)
    alone = "UPDATE registers_linkagerequest SET approved_at = now(), approved_by_id = requested_by_id WHERE id = %s"
    refused = pytest.raises(IntegrityError, match="linkage_approved_by_another")
    with refused, acting(cast.data_manager), connection.cursor() as cursor:
        cursor.execute(alone, [request.pk])


@pytest.mark.parametrize("who", ["kari", "siri", "coordinator", "researcher", "analyst", "checker", "auditor", "lead"])
def test_nobody_else_asks_or_fetches(cast, owner_key, who):
    enrolled(cast)
    request = approved(cast, asked(cast, owner_key))
    user = getattr(cast, who)
    with pytest.raises(Refusal, match="not_allowed"), maintenance():
        request_key_file(by=user, trial=cast.trial, register="employment", owner="x", recipient="age1")
    with pytest.raises(Refusal, match="not_allowed"), maintenance():
        hand_out(by=user, request=request)


@pytest.mark.parametrize(
    "recipient", ["", "age1", "AGE-SECRET-KEY-1QQQ", "ssh-ed25519 AAAA", "age1" + "q" * 58, "13097248022"]
)
def test_what_is_no_public_key_is_told_at_the_field(cast, owner_key, recipient):
    enrolled(cast)
    with pytest.raises(Refusal, match="not_a_public_key") as refused:
        asked(cast, owner_key, recipient=recipient)
    assert refused.value.field == "recipient"


def test_the_plane_of_linkage_reads_numbers_and_national_ids_and_no_name(cast):
    enrolled(cast)
    with entered(Plane(DatabaseRole.LINKAGE, trials=(cast.trial.pk,))):
        assert IdentityRecord.objects.values("subject", "national_id").count() == 1
        for column in ("name", "contact", "blind_index"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                list(IdentityRecord.objects.values_list(column))
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute("SELECT 1 FROM identity_scan")
    with entered(Plane(DatabaseRole.LINKAGE, trials=(cast.trial.pk + 1,))):
        assert IdentityRecord.objects.values("subject").count() == 0


def test_afterwards_the_data_manager_is_on_the_own_plane_again(cast, owner_key):
    enrolled(cast)
    request = approved(cast, asked(cast, owner_key))
    with acting(cast.data_manager):
        hand_out(by=cast.data_manager, request=request)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            IdentityRecord.objects.values("subject").count()


def test_a_fingerprint_is_short_enough_to_read_aloud(owner_key):
    assert len(fingerprint(str(owner_key.to_public()))) == 19


class TestPages:
    def _client(self, user):
        client = Client()
        client.force_login(user)
        return client

    def test_from_asking_to_fetching(self, cast, owner_key):
        enrolled(cast)
        here = "/trials/se-klar/linkage/"
        manager, lead = self._client(cast.data_manager), self._client(cast.lead)
        typed = {"register": "employment", "owner": "Aa-registeret", "recipient": str(owner_key.to_public())}
        assert manager.post(here, typed).status_code == 302
        with maintenance():
            key = LinkageRequest.objects.get().pk
        page = unescape(manager.get(here).content.decode())
        assert "Venter på godkjenning" in page
        assert f"{key}/approve/" not in page
        assert f"{key}/approve/" in lead.get(here).content.decode()
        assert lead.post(f"{here}{key}/approve/").status_code == 302
        answer = manager.post(f"{here}{key}/file.age")
        assert opened(answer.content, owner_key)[0] == ["participant_number", "national_id"]
        assert answer["Cache-Control"] == "no-store"
        again = manager.post(f"{here}{key}/file.age")
        assert again.status_code == 409
        assert "Nøkkelfilen er hentet" in unescape(again.content.decode())
        from_the_page = manager.post(f"{here}{key}/file.age", headers={"Referer": f"http://testserver{here}"})
        assert from_the_page["Location"] == here
        assert "Nøkkelfilen er hentet. Be om en ny" in unescape(manager.get(here).content.decode())
        elsewhere = manager.post(f"{here}{key}/file.age", headers={"Referer": "https://evil.example/x"})
        assert elsewhere.status_code == 409

    def test_a_mistake_is_told_and_what_was_typed_stays(self, cast):
        enrolled(cast)
        page = self._client(cast.data_manager).post(
            "/trials/se-klar/linkage/", {"register": "employment", "owner": "Aa-registeret", "recipient": "feil"}
        )
        text = unescape(page.content.decode())
        assert "ikke en offentlig age-nøkkel" in text
        assert 'value="feil"' in text

    def test_a_national_id_as_owner_is_refused(self, cast, owner_key):
        enrolled(cast)
        typed = {"register": "employment", "owner": "13097248022", "recipient": str(owner_key.to_public())}
        page = self._client(cast.data_manager).post("/trials/se-klar/linkage/", typed)
        assert "Fødselsnummer kan ikke skrives her" in unescape(page.content.decode())

    def test_the_package_holds_what_a_register_owner_asks_for(self, cast):
        with acting(cast.lead):
            cast.form = publish_consent_form(
                by=cast.lead,
                trial=cast.trial,
                text={"nb": "Jeg samtykker.", "en": "I consent."},
                covers=["employment"],
                variables={"employment": [("start", "Når jobben begynte"), ("end", "=1+1")]},
            )
        participant = enrolled(cast)
        answer = self._client(cast.data_manager).post("/trials/se-klar/linkage/package.zip")
        package = zipfile.ZipFile(io.BytesIO(answer.content))
        files = {name: package.read(name) for name in package.namelist()}
        assert set(files) == {
            "SHA256SUMS",
            "deltakernumre.csv",
            "informasjonsskriv-og-samtykke.pdf",
            "information-letter-and-consent.pdf",
            "prosjektbeskrivelse.pdf",
            "variabelliste.csv",
        }
        variables = files["variabelliste.csv"].decode("utf-8-sig")
        assert "employment;Arbeidsforhold (Aa-registeret);start;Fra dato;Når jobben begynte;Nei" in variables
        assert ";end;Til dato;'=1+1;" in variables, "no spreadsheet takes a reason for a formula"
        assert f"employment;{participant.number}" in files["deltakernumre.csv"].decode("utf-8-sig")
        text = text_of(files["informasjonsskriv-og-samtykke.pdf"])
        for said in ("Jeg samtykker.", "Når jobben begynte", "Underskrift", "Det er frivillig"):
            assert said in text
        for line in files["SHA256SUMS"].decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(files[name]).hexdigest() == digest
        with acting(cast.kari):
            name = person_of(participant.key).name
        assert all(name.encode() not in content for content in files.values())

    def test_the_package_names_the_day_in_oslo_on_which_the_form_was_published(self, cast, simulated_clock):
        simulated_clock.advance(timedelta(hours=15, minutes=30))  # half past midnight
        with acting(cast.lead):
            cast.form = publish_consent_form(
                by=cast.lead, trial=cast.trial, text={"nb": "Jeg samtykker."}, covers=["employment"]
            )
        enrolled(cast)
        package = self._client(cast.data_manager).post("/trials/se-klar/linkage/package.zip").content
        assert "Versjon 2, 03.03.2026" in texts_of(package)["prosjektbeskrivelse.pdf"]

    def test_a_manager_who_reads_english_sends_the_same_package(self, cast):
        enrolled(cast)
        norwegian, english = self._client(cast.data_manager), self._client(cast.data_manager)
        english.cookies["language"] = "en"
        made = [each.post("/trials/se-klar/linkage/package.zip").content for each in (norwegian, english)]
        texts = [texts_of(content) for content in made]
        assert texts[0] == texts[1]
        description = texts[0]["prosjektbeskrivelse.pdf"]
        for said in ("Behandlingsansvarlig", "Ikke fylt ut", "Rettslig grunnlag"):
            assert said in description

    @pytest.mark.parametrize("who", ["kari", "coordinator", "lead", "analyst"])
    def test_nobody_else_gets_the_package(self, cast, who):
        assert self._client(getattr(cast, who)).post("/trials/se-klar/linkage/package.zip").status_code == 403
