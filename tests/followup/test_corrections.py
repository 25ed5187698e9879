"""What was written wrong is put right: the right counts, the wrong stays with who and why, and nobody overwrites."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.cast import Cast, acting, new_user, recruiting
from tests.followup.people import assigned, drawn, employer
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit.clock import SimulatedClock, simulated
from trial.audit.guards import writing
from trial.audit.models import AuditEvent
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Participant
from trial.enrolment.states import Withdrawal
from trial.followup.actions import (
    complete,
    correct_contact,
    correct_job,
    correct_measure,
    end_measure,
    log_contact,
    log_enquiry,
    record_job,
    record_measure,
    take_back,
)
from trial.followup.models import CaseSummary, Contact, Job, Measure
from trial.studies.actions import add_member

TODAY = date(2026, 3, 2)
BEFORE = date(2026, 2, 2)
SAID = {"kind": "meeting", "counterpart": "participant", "day": TODAY, "minutes": 300}
HIRED: dict[str, Any] = {
    "kind": "ordinary",
    "hours": 20,
    "permanent": True,
    "found": "network",
    "start": TODAY,
}


def contact_of(cast: Cast, participant: Participant, **values: object) -> Contact:
    with acting(cast.jon):
        return log_contact(by=cast.jon, participant=participant, **(SAID | {"note": "Vil jobbe ute"} | values))


def measure_of(cast: Cast, participant: Participant, code: str = "ARBTREN", **values: object) -> Measure:
    with acting(cast.jon):
        return record_measure(by=cast.jon, participant=participant, code=code, **({"start": TODAY} | values))


def summary(participant: Participant) -> CaseSummary:
    with maintenance():
        return CaseSummary.objects.get(pk=participant.pk)


def colleague_of(cast: Cast) -> User:
    with maintenance():
        colleague = new_user("colleague", "Janne Jobbspesialist")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=colleague, role=Role.SPECIALIST, office=cast.moss)
    return colleague


def test_a_corrected_contact_counts_as_it_should_have_been_and_the_wrong_one_stays(cast: Cast) -> None:
    participant = assigned(cast)
    wrong = contact_of(cast, participant)
    with acting(cast.jon):
        right = correct_contact(by=cast.jon, contact=wrong, **(SAID | {"minutes": 30}), note="Vil jobbe ute")
        assert [row.minutes for row in participant.contacts.all()] == [30]
    with maintenance():
        kept = Contact.ever.select_related("replacement").get(pk=wrong.pk)
        line = AuditEvent.objects.get(verb="contact_corrected")
    assert (kept.minutes, kept.note, kept.retracted_by, kept.retraction) == (300, "Vil jobbe ute", cast.jon, "mistyped")
    assert kept.replacement == right
    assert line.details == {"reason": "mistyped", "changed": {"minutes": [300, 30]}}
    assert (summary(participant).contacts, summary(participant).minutes) == (1, 30)


def test_the_log_tells_that_a_note_was_corrected_but_never_what_it_says(cast: Cast) -> None:
    wrong = contact_of(cast, assigned(cast), note="Vil jobbe ute")
    with acting(cast.jon):
        correct_contact(by=cast.jon, contact=wrong, **SAID, note="Vil jobbe inne")
    with maintenance():
        assert AuditEvent.objects.get(verb="contact_corrected").details["changed"] == {}
        assert Contact.objects.get().note == "Vil jobbe inne"


def test_what_is_taken_back_counts_no_more(cast: Cast) -> None:
    participant = assigned(cast)
    contact, measure = contact_of(cast, participant), measure_of(cast, participant)
    with acting(cast.jon):
        asked = log_enquiry(by=cast.jon, employer=employer(cast), participant=participant, outcome="match")
        for row in (contact, measure, asked):
            take_back(by=cast.jon, row=row, reason="other_person")
        assert not any(rows.exists() for rows in (participant.contacts, participant.measures, participant.enquiries))
    present = summary(participant)
    assert (present.contacts, present.first_contact, present.first_measure, present.first_employer) == (
        0, None, None, None,
    )  # fmt: skip
    with maintenance():
        verbs = set(AuditEvent.objects.filter(verb__endswith="taken_back").values_list("verb", flat=True))
    assert verbs == {"contact_taken_back", "measure_taken_back", "enquiry_taken_back"}


@pytest.mark.parametrize("reason", ["", "because", "groundless", "new_facts"])
def test_nothing_is_taken_back_without_a_reason_that_fits(cast: Cast, reason: str) -> None:
    contact = contact_of(cast, assigned(cast))
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        take_back(by=cast.jon, row=contact, reason=reason)
    assert (refused.value.code, refused.value.field) == ("unknown_kind", "reason")


def test_a_measure_keeps_who_ended_it_when_its_code_is_corrected(cast: Cast, simulated_clock: SimulatedClock) -> None:
    wrong = measure_of(cast, assigned(cast))
    simulated_clock.advance(timedelta(days=5))
    with acting(cast.jon):
        end_measure(by=cast.jon, measure=wrong, end=TODAY)
        wrong.refresh_from_db()
        right = correct_measure(by=cast.jon, measure=wrong, code="MENTOR", start=TODAY, end=TODAY, version=2)
        assert (right.ended_at, right.ended_by) == (simulated_clock.moment, cast.jon)
        again = correct_measure(by=cast.jon, measure=right, code="MENTOR", start=BEFORE, end=None)
        assert (again.ended_at, again.end) == (None, None)


def test_a_wrong_start_of_a_job_is_corrected_without_colliding_with_itself(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        wrong = record_job(by=cast.jon, participant=participant, employer=known, **HIRED)
        right = correct_job(by=cast.jon, job=wrong, employer=known, **(HIRED | {"start": BEFORE}), version=1)
        assert [job.start for job in participant.jobs.all()] == [BEFORE]
        with pytest.raises(Refusal, match="in_future"):
            correct_job(by=cast.jon, job=right, employer=known, **(HIRED | {"start": date(2026, 3, 3)}))
    assert summary(participant).first_paid is None  # begun before the follow-up: nobody new in work
    with maintenance():
        changed = AuditEvent.objects.get(verb="job_corrected").details["changed"]
    assert changed == {"start": ["2026-03-02", "2026-02-02"]}


def test_a_correction_is_held_to_the_same_rules_as_what_it_corrects(cast: Cast) -> None:
    participant = assigned(cast)
    contact, measure = contact_of(cast, participant), measure_of(cast, participant)
    measure_of(cast, participant, "MENTOR")
    with acting(cast.jon):
        for values, code, field in (
            ({"minutes": 0}, "minutes_out_of_range", "minutes"),
            ({"day": date(2026, 3, 3)}, "in_future", "day"),
            ({"reason": "twice"}, "unknown_kind", "reason"),
        ):
            with pytest.raises(Refusal) as refused:
                correct_contact(by=cast.jon, contact=contact, **(SAID | values))
            assert (refused.value.code, refused.value.field) == (code, field)
        with pytest.raises(Refusal, match="measure_overlaps"):
            correct_measure(by=cast.jon, measure=measure, code="MENTOR", start=TODAY)
        assert participant.contacts.get() == contact


def test_a_correction_sent_twice_is_one_and_one_that_changes_nothing_is_none(cast: Cast) -> None:
    contact, key = contact_of(cast, assigned(cast)), uuid4()
    with acting(cast.jon):
        assert correct_contact(by=cast.jon, contact=contact, **SAID, note="Vil jobbe ute") == contact
        first, second = (
            correct_contact(by=cast.jon, contact=contact, **(SAID | {"minutes": 5}), key=key) for _click in range(2)
        )
        assert first == second
        for _click in range(2):
            take_back(by=cast.jon, row=first, reason="twice")
    with maintenance():
        assert Contact.ever.count() == 2


def test_whoever_comes_second_is_told_so_and_overwrites_nothing(cast: Cast) -> None:
    participant = assigned(cast)
    contact, measure = contact_of(cast, participant), measure_of(cast, participant)
    with acting(cast.siri):
        correct_contact(by=cast.siri, contact=contact, **(SAID | {"minutes": 45}))
        end_measure(by=cast.siri, measure=measure, end=TODAY)
    with acting(cast.jon):
        with pytest.raises(Refusal, match="changed_meanwhile"):
            correct_contact(by=cast.jon, contact=contact, **(SAID | {"minutes": 30}))
        with pytest.raises(Refusal, match="changed_meanwhile"):
            take_back(by=cast.jon, row=contact, reason="twice")
        with pytest.raises(Refusal, match="changed_meanwhile"):
            correct_measure(by=cast.jon, measure=measure, code="MENTOR", start=TODAY, version=1)
        take_back(by=cast.jon, row=measure, reason="twice")
        with pytest.raises(Refusal, match="changed_meanwhile"):
            end_measure(by=cast.jon, measure=measure, end=TODAY)
    with maintenance():
        assert Contact.objects.get().minutes == 45


def test_the_author_and_the_supervisor_correct_a_colleague_and_a_caseworker_do_not(cast: Cast) -> None:
    participant = assigned(cast)
    contact, colleague = contact_of(cast, participant), colleague_of(cast)
    for user, code in ((colleague, "not_your_participant"), (cast.kari, "not_allowed"), (cast.hanne, "not_allowed")):
        with acting(user), pytest.raises(Refusal, match=code):
            take_back(by=user, row=contact, reason="twice")
    with acting(cast.siri):
        take_back(by=cast.siri, row=contact, reason="twice")


def test_an_enquiry_for_nobody_is_taken_back_by_its_author_or_the_supervisor(cast: Cast) -> None:
    assigned(cast)
    colleague, known = colleague_of(cast), employer(cast)
    with acting(cast.jon):
        asked = log_enquiry(by=cast.jon, employer=known, outcome="declined")
    with acting(colleague), pytest.raises(Refusal, match="not_your_entry"):
        take_back(by=colleague, row=asked, reason="twice")
    with acting(cast.jon):
        take_back(by=cast.jon, row=asked, reason="twice")


def test_what_is_written_about_those_who_are_done_is_corrected_and_about_the_withdrawn_not(cast: Cast) -> None:
    participant = assigned(cast)
    contact = contact_of(cast, participant)
    with acting(cast.siri):
        complete(by=cast.siri, participant=participant)
        contact = correct_contact(by=cast.siri, contact=contact, **(SAID | {"minutes": 20}))
    with acting(cast.kari):
        participant.refresh_from_db()
        other = drawn(cast, "intervention")
    with acting(cast.siri):
        measure = record_measure(by=cast.siri, participant=other, code="ARBTREN", start=TODAY)
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=other, meaning=Withdrawal.FOLLOW_UP)
    with acting(cast.siri), pytest.raises(Refusal, match="not_followed"):
        take_back(by=cast.siri, row=measure, reason="twice")


def test_the_database_itself_lets_nobody_write_over_a_contact_or_take_it_back_without_a_name(cast: Cast) -> None:
    contact = contact_of(cast, assigned(cast))
    with acting(cast.jon), writing():
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            contact.changed(minutes=5)
        with pytest.raises(IntegrityError, match="contact_retracted_by_someone"), transaction.atomic():
            contact.changed(retraction="twice")


@pytest.mark.slow
def test_of_several_who_correct_at_once_one_is_heard(committed_database: None, simulated_clock: SimulatedClock) -> None:
    cast = recruiting()
    contact = contact_of(cast, assigned(cast))

    def correct(minutes: int) -> str:
        user = (cast.jon, cast.siri)[minutes % 2]
        with simulated(simulated_clock.moment):
            try:
                with acting(user):
                    correct_contact(by=user, contact=contact, **(SAID | {"minutes": minutes}))
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()
        return "corrected"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(correct, (10, 11, 12, 13))) == ["changed_meanwhile"] * 3 + ["corrected"]
    with maintenance():
        assert (Contact.objects.count(), Contact.ever.count()) == (1, 2)


def test_a_wrong_row_has_one_right_one_at_most(cast: Cast) -> None:
    contact = contact_of(cast, assigned(cast))
    with acting(cast.jon):
        right = correct_contact(by=cast.jon, contact=contact, **(SAID | {"minutes": 5}))
        right.key = uuid4()
        with writing(), pytest.raises(IntegrityError, match="replaces"), transaction.atomic():
            right.save(force_insert=True)


def test_a_form_sent_twice_is_one_measure_and_one_job(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    for _click in range(2):
        measure_of(cast, participant, provider="Moss Bakeri")
        with acting(cast.jon):
            record_job(by=cast.jon, participant=participant, employer=known, **HIRED)
    with maintenance():
        assert (Measure.objects.count(), Job.objects.count()) == (1, 1)
