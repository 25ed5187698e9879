"""Withdrawal that deletes: key and scan gone, the draw's log whole, the count kept; no backup brings anyone back."""

from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import drawing
from tests.cast import acting
from tests.databases import database_copy
from tests.enrolment import scans
from tests.factories import checked, consented
from trial.access.planes import maintenance
from trial.allocation import verify
from trial.allocation.queries import anchors_of, bundle_of
from trial.audit.models import AuditEvent
from trial.enrolment.actions import discard_check, save_person_draft, withdraw
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.scanning import add_scan
from trial.enrolment.states import ParticipantState, Withdrawal
from trial.identity.erasures import noted, undone
from trial.identity.models import IdentityRecord, Person, Scan
from trial.identity.queries import person_of
from trial.monitoring.queries import dashboard_for

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def register(settings, tmp_path):
    """The register of erasures, which stands outside the database."""
    settings.ERASURE_REGISTER = tmp_path / "erasures.jsonl"
    return settings.ERASURE_REGISTER


def told(step):
    out = StringIO()
    call_command("erasures", step, stdout=out)
    return out.getvalue()


def erase(cast, participant):
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)


def readable():
    with maintenance():
        return set(IdentityRecord.objects.filter(wrapped_key__isnull=False).values_list("subject", flat=True))


def drawn_trial(people=6):
    """A trial with everyone drawn, one of them with a scanned form, one registration with half a name."""
    made = drawing(mode="unattended")
    everyone = made.people(people)
    for participant in everyone:
        made.enrol(participant)
    with acting(made.cast.kari):
        consent = everyone[0].consents.select_related("trial", "office").get()
        add_scan(by=made.cast.kari, consent=consent, scan=SimpleUploadedFile("a.jpg", scans.jpeg()))
    begun = checked(made.cast)
    with acting(made.cast.kari):
        save_person_draft(by=made.cast.kari, check=begun, person=Person(name="Halv Navn"))
    return made, everyone, begun


def test_a_restored_backup_is_made_to_forget_again(committed_database, simulated_clock):
    made, everyone, begun = drawn_trial()
    cast = made.cast
    gone = {everyone[0].key, everyone[1].key, begun.key}
    with database_copy("running"):  # the site goes on in the copy; what it was copied from is the backup
        erase(cast, everyone[0])
        erase(cast, everyone[1])
        with acting(cast.kari):
            discard_check(by=cast.kari, check=begun)
        assert readable() & gone == set()
        assert told("check").startswith("Everyone")
    assert gone <= readable(), "control: the backup knows them all"
    with pytest.raises(CommandError, match="3 people"):
        told("check")
    assert told("replay").startswith("3 people")
    assert readable() & gone == set()
    assert told("check").startswith("Everyone")
    with maintenance():
        assert Scan.objects.count() == 0
        assert set(Participant.objects.filter(key__in=gone).values_list("state", flat=True)) == {"withdrawn"}
        assert EligibilityCheck.objects.get(pk=begun.pk).discarded
    with acting(cast.kari):
        assert person_of(everyone[2].key).name, "control: everyone else is still there"
    assert told("replay").startswith("0 people")


def test_the_log_of_the_draw_still_verifies_and_the_count_stays(committed_database, simulated_clock):
    made, everyone, _begun = drawn_trial()
    cast = made.cast
    with acting(cast.coordinator):
        before = dashboard_for(cast.coordinator, cast.trial.code).flow
    for participant in everyone[:3]:
        erase(cast, participant)
    with acting(cast.coordinator):
        after = dashboard_for(cast.coordinator, cast.trial.code).flow
    assert (before.assessed, before.enrolled) == (after.assessed, after.enrolled)
    cast.trial.refresh_from_db()
    open_up(made)
    with maintenance():
        assert list(verify.findings(bundle_of(cast.trial), anchors_of(cast.trial))) == []


def test_an_erasure_that_is_taken_back_is_not_noted(cast):
    participant = consented(cast)
    erase(cast, participant)  # this test's transaction never commits
    assert noted() == []


def test_what_a_crash_left_out_of_the_register_is_found(cast, django_capture_on_commit_callbacks):
    one, two = consented(cast), consented(cast)
    with django_capture_on_commit_callbacks(execute=True):
        erase(cast, one)
    erase(cast, two)
    assert [erasure.subject for erasure in noted()] == [one.key]
    assert told("note").startswith("1 erasures")
    assert told("note").startswith("0 erasures")
    assert {erasure.subject for erasure in noted()} == {one.key, two.key}


def test_a_line_cut_short_is_no_erasure_and_stops_nothing(cast, register, django_capture_on_commit_callbacks):
    one, two = consented(cast), consented(cast)
    with django_capture_on_commit_callbacks(execute=True):
        erase(cast, one)
    with register.open("a") as file:
        file.write('{"subject": "0000')
    assert [erasure.subject for erasure in noted()] == [one.key]
    with django_capture_on_commit_callbacks(execute=True):
        erase(cast, two)
    assert [erasure.subject for erasure in noted()] == [one.key, two.key]


def test_the_register_holds_no_name_and_nobody_else_reads_it(cast, register, django_capture_on_commit_callbacks):
    participant = consented(cast, person=Person("Nora Testvik", "10915596784"))
    with django_capture_on_commit_callbacks(execute=True):
        erase(cast, participant)
    assert "Nora" not in register.read_text()
    assert "10915596784" not in register.read_text()
    assert oct(register.stat().st_mode & 0o777) == "0o600"
    assert undone() == []


def test_a_place_in_the_draw_and_its_audit_stay(cast):
    participant = consented(cast)
    erase(cast, participant)
    with maintenance(), connection.cursor() as cursor:
        participant.refresh_from_db()
        assert participant.state == ParticipantState.WITHDRAWN
        assert AuditEvent.objects.filter(verb="identity_erased", subject=str(participant.key)).count() == 1
        cursor.execute("SELECT name, contact, blind_index, wrapped_key FROM identity_identityrecord")
        assert cursor.fetchone() == (None, None, None, None)
