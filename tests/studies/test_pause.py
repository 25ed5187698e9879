"""An office pauses and takes in people again: said by the trial lead with a reason, kept in the log of events."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.models import AuditEvent
from trial.enrolment.policies import may_recruit
from trial.studies.actions import close_recruitment, move_trial, pause_office, resume_office
from trial.studies.models import Office
from trial.studies.states import TrialState

REASON = {"reason": "Ingen jobbspesialist før mars"}


def lead_of(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lead)
    return client


def address(cast: Cast, number: str = "0104") -> str:
    return reverse("studies:recruiting", args=[cast.trial.code, number])


def kept(cast: Cast) -> Office:
    with maintenance():
        return Office.objects.select_related("trial").get(pk=cast.moss.pk)


def test_a_paused_office_enrols_nobody_until_it_takes_in_again(cast: Cast) -> None:
    client = lead_of(cast)
    assert client.post(address(cast), REASON).status_code == 302
    with maintenance(), pytest.raises(Refusal, match="office_not_recruiting"):
        may_recruit(cast.trial, kept(cast))
    assert "Pause" in client.get(reverse("studies:setup", args=[cast.trial.code])).content.decode()
    assert client.post(address(cast), REASON).status_code == 302
    may_recruit(cast.trial, kept(cast))
    with maintenance():
        said = AuditEvent.objects.filter(verb__in=["office_paused", "office_resumed"])
        assert sorted((event.verb, event.subject, event.details["reason"]) for event in said) == [
            ("office_paused", "0104", REASON["reason"]),
            ("office_resumed", "0104", REASON["reason"]),
        ]


def test_nobody_is_offered_to_begin_at_an_office_that_pauses(cast: Cast) -> None:
    caseworker = Client()
    caseworker.force_login(cast.kari)
    new, pages = reverse("enrolment:new", args=["se-klar"]), ("/", "/trials/se-klar/", "/trials/se-klar/participants/")
    assert all(new in caseworker.get(page).content.decode() for page in pages)
    lead_of(cast).post(address(cast), REASON)
    assert not [page for page in pages if f'{new}"' in caseworker.get(page).content.decode()]


@pytest.mark.parametrize("reason", ["", "Gjelder 13097248022"])
def test_a_pause_needs_a_reason_that_names_nobody(cast: Cast, reason: str) -> None:
    answer = lead_of(cast).post(address(cast), {"reason": reason})
    assert list(answer.context["form"].errors) == ["reason"]
    assert kept(cast).recruits


def test_an_office_is_paused_once_and_taken_up_once(cast: Cast) -> None:
    with acting(cast.lead):
        with pytest.raises(Refusal, match="office_not_paused"):
            resume_office(by=cast.lead, trial=cast.trial, office=cast.moss, **REASON)
        pause_office(by=cast.lead, trial=cast.trial, office=cast.moss, **REASON)
        with pytest.raises(Refusal, match="office_paused"):
            pause_office(by=cast.lead, trial=cast.trial, office=cast.moss, **REASON)


def test_an_archived_trial_pauses_nothing(cast: Cast) -> None:
    with acting(cast.lead):
        for state in (TrialState.CLOSED, TrialState.DATA_LOCKED, TrialState.OPENED, TrialState.ARCHIVED):
            move_trial(by=cast.lead, trial=cast.trial, to=state, verb="moved")
        with pytest.raises(Refusal, match="trial_archived"):
            pause_office(by=cast.lead, trial=cast.trial, office=cast.moss, **REASON)


def test_nobody_but_the_lead_pauses_an_office(cast: Cast) -> None:
    with acting(cast.kari), pytest.raises(Refusal, match="not_allowed"):
        pause_office(by=cast.kari, trial=cast.trial, office=cast.moss, **REASON)


def test_there_is_nothing_to_pause_when_recruitment_has_ended(cast: Cast) -> None:
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
    page = lead_of(cast).get(reverse("studies:setup", args=[cast.trial.code])).content.decode()
    assert address(cast) not in page
