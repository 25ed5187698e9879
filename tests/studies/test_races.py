"""Two connections at once: a trial keeps a lead, and a plan that two people change is whole."""

from collections.abc import Callable

import pytest

from tests.cast import Cast, acting, drafted
from tests.meeting import at_once, meeting_at
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.enrolment import actions as enrolment
from trial.enrolment.models import ConsentForm
from trial.studies import actions as studies
from trial.studies.models import Membership
from trial.studies.queries import forget_memberships

pytestmark = pytest.mark.slow


def _ending(by: User, membership: Membership) -> Callable[[], None]:
    def task() -> None:
        forget_memberships(by)
        with acting(by):
            studies.end_membership(by=by, membership=membership)

    return task


def _publishing(cast: Cast) -> Callable[[], int]:
    def task() -> int:
        forget_memberships(cast.lead)
        with acting(cast.lead):
            return enrolment.publish_consent_form(
                by=cast.lead, trial=cast.trial, text={"nb": "Ny tekst"}, covers=[]
            ).version

    return task


def test_of_two_leads_who_end_each_others_role_at_once_one_stays(
    committed_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = drafted()
    with maintenance():
        first, second = Membership.objects.select_related("trial", "user").filter(role=Role.TRIAL_LEAD).order_by("pk")
    meeting_at(monkeypatch, studies, "lock_row")
    answers = at_once(_ending(cast.lead, second), _ending(cast.second_lead, first))
    assert answers.count("last_lead") == 1
    with maintenance():
        assert Membership.objects.filter(role=Role.TRIAL_LEAD, valid_to=None).count() == 1


def test_two_consent_forms_published_at_once_are_two_versions(
    committed_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = drafted()
    meeting_at(monkeypatch, enrolment, "lock_row")
    assert sorted(at_once(_publishing(cast), _publishing(cast))) == [2, 3]
    with maintenance():
        assert ConsentForm.objects.filter(trial=cast.trial).count() == 3
