"""Questionnaires in the demonstration: every other week the waves that are due open, and people answer, or do not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from uuid import UUID

import numpy as np

from trial.access.planes import DatabaseRole, Plane, entered
from trial.access.roles import Role
from trial.audit.clock import on_date
from trial.config.demo.life import Life
from trial.studies.queries import plane_for
from trial.surveys.actions import make_letter, open_waves, submit, type_answers
from trial.surveys.instruments import DO_NOT_KNOW
from trial.surveys.links import hash_of, plane_of
from trial.surveys.models import Invitation
from trial.surveys.states import InvitationState

ROUND_EVERY = timedelta(days=14)
ANSWERS = {"T1": 0.85, "T2": 0.7, "T3": 0.6, "T4": 0.5}  # the share of those asked who answer
ON_PAPER = 0.15
DO_NOT_KNOW_SHARE = 0.2
Answered = dict[tuple[str, str], str]


class Asking:
    """The rounds of a trial's questionnaires. Has chance of its own, so that the rest of the life stays as it is."""

    def __init__(self, life: Life, seed: int) -> None:
        self.life = life
        self.rng = np.random.default_rng([seed, len("surveys")])
        self.ability: dict[UUID, float] = {}
        self.asked: set[UUID] = set()
        self.offices = Plane(
            DatabaseRole.OFFICE,
            offices=tuple(office.pk for office in life.demo.offices.values()),
            trials=(life.demo.trial.pk,),
        )

    def rounds(self, first: date, last: date) -> None:
        """Put the rounds on the agenda, the last one on the last day."""
        days = [first + place * ROUND_EVERY for place in range((last - first) // ROUND_EVERY + 1)]
        for day in sorted({*days, last}):
            self.life.plan(datetime.combine(day, time(5, 0), UTC), self.round)

    def round(self) -> None:
        """Open what is due; some of the people will answer within two weeks."""
        demo = self.life.demo
        demo.trial.refresh_from_db()
        with entered(self.offices):
            if not open_waves(by=None, trial=demo.trial):
                return
            rows = Invitation.objects.filter(trial=demo.trial, state=InvitationState.OPENED).exclude(pk__in=self.asked)
            kept = rows.select_related("wave", "participant", "office__nav_office", "trial")
            new = list(kept.order_by("participant__number", "wave__code"))
        self.asked |= {invitation.pk for invitation in new}
        for invitation in new:
            if self.rng.random() < ANSWERS[invitation.wave.code]:
                soon = self.life.clock.moment + timedelta(days=float(self.rng.uniform(0.2, 6)))
                deed = self.paper if self.rng.random() < ON_PAPER else self.answer
                if on_date(soon) <= invitation.closes:
                    self.life.plan(soon, partial(deed, invitation))

    def answer(self, invitation: Invitation) -> None:
        """The person answers on a phone, with the code of the letter."""
        caseworker = self.life.demo.user(Role.CASEWORKER, invitation.office.stratum)
        with entered(plane_for(caseworker)):
            code = make_letter(by=caseworker, invitation=invitation)
        with entered(plane_of(hash_of(code))):
            submit(by=None, invitation=invitation, answers=self._given(invitation))

    def paper(self, invitation: Invitation) -> None:
        """The person hands in a paper, which two at the office type."""
        given = self._given(invitation)
        for role in (Role.CASEWORKER, Role.SUPERVISOR):
            typist = self.life.demo.user(role, invitation.office.stratum)
            with entered(plane_for(typist)):
                type_answers(by=typist, invitation=invitation, answers=given)

    def _given(self, invitation: Invitation) -> Mapping[tuple[str, str], str]:
        """Answers that hang together: who feels able to work is surer, and expects to work sooner."""
        before = self.ability.get(invitation.participant_id, float(self.rng.normal(5.5, 2)))
        now = before + float(self.rng.normal(0.3, 0.8))
        self.ability[invitation.participant_id] = now
        given: Answered = {("work_ability", "work_ability"): _between(now, 0, 10)}
        for item in ("item_1", "item_2", "item_3"):
            given["return_to_work_self_efficacy", item] = _between(now + float(self.rng.normal(0, 1.2)), 1, 10)
        later = _between(9 - now + float(self.rng.normal(0, 1)), 1, 8)
        expected = DO_NOT_KNOW if self.rng.random() < DO_NOT_KNOW_SHARE else later
        given["expected_time_to_work", "expected_time_to_work"] = expected
        return given


def _between(value: float, low: int, high: int) -> str:
    return str(max(low, min(high, round(value))))
