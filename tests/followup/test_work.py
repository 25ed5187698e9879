"""Employers, enquiries and jobs: impossible values at their field, the own office only, nothing overwritten."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, employer
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.clock import SimulatedClock
from trial.enrolment.models import Participant
from trial.followup.actions import add_employer, change_employer, change_job, log_enquiry, record_job
from trial.followup.models import Employer, Enquiry, Job
from trial.followup.organisation_numbers import plain, shown
from trial.followup.policies import Verdict, decide_job, decide_organisation_number
from trial.followup.queries.work import weeks_of

TODAY = date(2026, 3, 2)
BAKERY = {"kind": "ordinary", "hours": 22.5, "permanent": True, "found": "specialist", "start": TODAY}


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        ("889640782", Verdict.ACCEPTED),  # Arbeids- og velferdsetaten
        ("974760673", Verdict.ACCEPTED),  # Brønnøysundregistrene
        ("889640783", Verdict.NUMBER_WRONG_DIGIT),
        ("889640872", Verdict.NUMBER_WRONG_DIGIT),  # two digits changed places
        ("88964078", Verdict.NUMBER_MALFORMED),
        ("8896407823", Verdict.NUMBER_MALFORMED),
        ("88964078x", Verdict.NUMBER_MALFORMED),
        ("٨٨٩٦٤٠٧٨٢", Verdict.NUMBER_MALFORMED),
        ("", Verdict.NUMBER_MALFORMED),
    ],
)
def test_the_last_digit_of_an_organisation_number_is_checked(number: str, verdict: Verdict) -> None:
    assert decide_organisation_number(number) == verdict


def test_every_single_wrong_digit_is_found() -> None:
    right = "974760673"
    for place in range(9):
        for digit in set("0123456789") - {right[place]}:
            wrong = right[:place] + digit + right[place + 1 :]
            assert decide_organisation_number(wrong) == Verdict.NUMBER_WRONG_DIGIT


@pytest.mark.parametrize("typed", ["889 640 782", "NO889640782MVA", " 889640782 ", "no 889 640 782 mva"])
def test_a_number_is_taken_as_people_write_it(typed: str) -> None:
    assert plain(typed) == "889640782"
    assert shown("889640782") == "889 640 782"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, Verdict.ACCEPTED),
        ({"hours": 0}, Verdict.HOURS_OUT_OF_RANGE),
        ({"hours": 60.1}, Verdict.HOURS_OUT_OF_RANGE),
        ({"start": TODAY + timedelta(days=1)}, Verdict.IN_FUTURE),
        ({"end": TODAY - timedelta(days=1), "reason": "own_wish"}, Verdict.END_BEFORE_START),
        ({"end": TODAY}, Verdict.END_WITHOUT_REASON),
        ({"reason": "own_wish"}, Verdict.REASON_WITHOUT_END),
        ({"end": TODAY + timedelta(days=1), "reason": "own_wish"}, Verdict.IN_FUTURE),
        ({"end": TODAY, "reason": "own_wish"}, Verdict.ACCEPTED),
    ],
)
def test_a_job_has_begun_and_ends_for_a_reason(values: dict[str, object], verdict: Verdict) -> None:
    usual = {"hours": 37.5, "start": TODAY, "end": None, "reason": "", "today": TODAY}
    assert decide_job(**(usual | values)) == verdict


def test_an_employer_is_there_once_at_an_office(cast: Cast) -> None:
    employer(cast)
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        add_employer(by=cast.jon, office=cast.moss, organisation_number="889 640 782", name="Igjen")
    assert (refused.value.code, refused.value.field) == ("employer_known", "organisation_number")


def test_two_who_correct_an_employer_at_once_do_not_overwrite_each_other(cast: Cast) -> None:
    known = employer(cast)
    with acting(cast.jon):
        change_employer(by=cast.jon, employer=known, name="Moss Bakeri AS", version=1)
        with pytest.raises(Refusal, match="changed_meanwhile"):
            change_employer(by=cast.jon, employer=known, name="Bakeriet", version=1)
        assert Employer.objects.get().name == "Moss Bakeri AS"


def test_an_enquiry_sent_twice_is_one_and_a_match_is_someones(cast: Cast) -> None:
    participant, known, key = assigned(cast), employer(cast), uuid4()
    with acting(cast.jon):
        for _attempt in range(2):
            log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="match", key=key)
        with pytest.raises(Refusal, match="key_taken"):
            log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="declined", key=key)
        assert Enquiry.objects.count() == 1
        with pytest.raises(Refusal) as refused:
            log_enquiry(by=cast.jon, employer=known, outcome="match")
    assert (refused.value.code, refused.value.field) == ("match_of_nobody", "participant")


def test_weeks_count_enquiries_employers_and_matches(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, known = assigned(cast), employer(cast)
    other = employer(cast, "974760673", "Moss Verksted")
    with acting(cast.jon):
        log_enquiry(by=cast.jon, employer=known, outcome="asked")
        simulated_clock.advance(timedelta(days=8))
        for asked, outcome in ((known, "interview"), (known, "match"), (other, "declined")):
            log_enquiry(by=cast.jon, employer=asked, participant=participant, outcome=outcome)
        weeks = [(week.monday, week.enquiries, week.employers, week.matches) for week in weeks_of(cast.jon, cast.trial)]
    assert weeks == [(date(2026, 3, 9), 3, 2, 1), (date(2026, 3, 2), 1, 1, 0)]


def _job(cast: Cast, participant: Participant, known: Employer, **values: object) -> Job:
    return record_job(by=cast.jon, participant=participant, employer=known, **(BAKERY | values))


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"kind": "hobby"}, "unknown_kind", "kind"),
        ({"found": "stars"}, "unknown_kind", "found"),
        ({"hours": 61}, "hours_out_of_range", "hours"),
        ({"start": date(2026, 3, 3)}, "in_future", "start"),
        ({"end": date(2026, 3, 1), "end_reason": "other"}, "end_before_start", "end"),
        ({"end": date(2026, 3, 3), "end_reason": "other"}, "in_future", "end"),
        ({"end": TODAY}, "end_without_reason", "end_reason"),
        ({"end": TODAY, "end_reason": "bored"}, "unknown_kind", "end_reason"),
    ],
)
def test_an_impossible_job_is_refused_at_its_field(
    cast: Cast, values: dict[str, object], code: str, field: str
) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        _job(cast, participant, known, **values)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_person_has_one_job_at_an_employer_at_a_time_and_several_at_others(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    other = employer(cast, "974760673", "Moss Verksted")
    with acting(cast.jon):
        _job(cast, participant, known)
        _job(cast, participant, other)
        with pytest.raises(Refusal, match="job_overlaps"):
            _job(cast, participant, known, kind="practice")


def test_a_job_is_ended_for_a_reason_and_never_overwritten(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        job = _job(cast, participant, known, developed=True)
        change_job(by=cast.jon, job=job, hours=10, permanent=False, version=1)
        with pytest.raises(Refusal, match="changed_meanwhile"):
            change_job(by=cast.jon, job=job, hours=37.5, permanent=True, version=1)
        ended = change_job(by=cast.jon, job=job, hours=10, permanent=False, end=TODAY, end_reason="temporary")
    assert (ended.hours, ended.end_reason, ended.version, ended.developed) == (10, "temporary", 3, True)


def test_an_employer_of_another_office_is_not_for_this_person(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    with maintenance():
        known.office = cast.hurum
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        _job(cast, participant, known)
    assert (refused.value.code, refused.value.field) == ("other_office", "employer")


def test_a_control_participant_gets_no_job_from_a_specialist(cast: Cast) -> None:
    assigned(cast)
    control, known = drawn(cast, "control"), employer(cast)
    with acting(cast.jon), pytest.raises(Refusal, match="not_your_participant"):
        _job(cast, control, known)


def _client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.jon)
    return client


def _address(name: str, cast: Cast, *more: object) -> str:
    return reverse(f"followup:{name}", args=[cast.trial.code, *more])


def test_a_wrong_digit_is_told_at_the_field(cast: Cast) -> None:
    sent = {"organisation_number": "889 640 783", "name": "Moss Bakeri", "office": cast.moss.pk}
    answer = _client(cast).post(_address("add_employer", cast), sent)
    assert list(answer.context["form"].errors) == ["organisation_number"]
    assert "et av sifrene er feil" in answer.content.decode()
    assert (
        _client(cast).post(_address("add_employer", cast), sent | {"organisation_number": "889640782"}).status_code
        == 302
    )


def test_a_job_is_recorded_found_and_changed_on_the_pages(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    client = _client(cast)
    sent = {
        "employer": known.pk,
        "kind": "ordinary",
        "hours": "22,5",
        "permanent": "1",
        "found": "specialist",
        "developed": "on",
        "start": "02.03.2026",
    }
    assert client.post(_address("act", cast, participant.number, "job"), sent).status_code == 302
    with maintenance():
        job = Job.objects.get()
    assert "Moss Bakeri" in client.get(_address("follow_up", cast, participant.number)).content.decode()
    stale = {"hours": "30", "permanent": "1", "end": "", "end_reason": "", "version": "1"}
    assert client.post(_address("job", cast, job.pk), stale).status_code == 302
    again = client.post(_address("job", cast, job.pk), stale | {"hours": "5"})
    assert "Noen andre har endret dette" in again.content.decode()
    assert "Nå er lagret: 30" in again.content.decode()
    assert client.post(_address("job", cast, job.pk), stale | {"hours": "5", "version": "2"}).status_code == 302


def test_the_employers_of_another_office_are_not_found(cast: Cast) -> None:
    known = employer(cast)
    client = Client()
    client.force_login(cast.hanne)
    assert client.get(_address("employers", cast)).status_code == 403
    client.force_login(cast.outsider)
    assert client.get(_address("employer", cast, known.pk)).status_code == 404


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_pages_of_an_employer_are_there_in_both_languages(cast: Cast, language: str) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="match")
        _job(cast, participant, known)
    client = _client(cast)
    client.cookies["language"] = language
    with translation.override(language):
        matches = str(translation.gettext("Jobbmatcher"))
    assert matches in client.get(_address("employers", cast), {"q": "889 640"}).content.decode()
    assert client.get(_address("employers", cast), {"q": "Moss\0"}).status_code == 200
    assert participant.number in client.get(_address("employer", cast, known.pk)).content.decode()
    assert client.get(_address("change_employer", cast, known.pk)).status_code == 200
