"""Questionnaires, reached only by those who have the right; and by respondents, through the plane of their link."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal, not_found
from trial.audit import clock
from trial.enrolment.models import Consent, Participant
from trial.enrolment.states import ParticipantState
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for
from trial.surveys.instruments import Item
from trial.surveys.models import FINAL, Answer, Entry, Instrument, Invitation, Link, Wave
from trial.surveys.states import STILL_ASKED, InvitationState
from trial.surveys.windows import Window

COVERED_AS = "survey"  # what a consent must cover
SHORTEST_MONTH, LONGEST_MONTH = 28, 31


def invitations_of(user: User, trial: Trial) -> QuerySet[Invitation]:
    """The questionnaires that a user may see whom they are open for: the own offices', or the whole trial's."""
    offices = offices_of(user, trial, needing=Permission.SEE_SURVEYS)
    rows = Invitation.objects.filter(trial=trial, office__in=offices)
    return rows.select_related("wave", "participant", "trial", "office__nav_office")


def invitation_for(user: User, code: str, key: UUID) -> Invitation:
    """A questionnaire at one of the offices where the user sends them out and types answers.

    Raises:
        Refusal: `not_found`, also for other offices' people; `not_allowed`.
    """
    trial = trial_for(user, code, needing=Permission.SURVEY)
    rows = Invitation.objects.select_related("wave", "participant", "office__nav_office", "trial")
    found = rows.filter(trial=trial, pk=key).first()
    if found is None or not can(user, trial, Permission.SURVEY, found.office):
        raise not_found(_("Fant ikke spørreskjemaet ved ditt kontor."))
    return found


def instrument_for(trial: Trial, code: str) -> Instrument:
    """An instrument of the trial.

    Raises:
        Refusal: `not_found`.
    """
    found = trial.instruments.filter(code=code).first()
    if found is None:
        raise not_found(_("Fant ikke spørsmålene."))
    return found


def asks(trial: Trial) -> bool:
    """Whether a trial has questionnaires."""
    return trial.waves.exists()


def instruments_of(wave: Wave) -> list[Instrument]:
    """What a wave asks, in its order; one query."""
    known = {instrument.code: instrument for instrument in Instrument.objects.filter(trial_id=wave.trial_id)}
    return [known[code] for code in wave.instruments if code in known]


def asked_instruments(trial: Trial) -> set[str]:
    """The instruments that a wave has asked somebody: their questions stay as they are."""
    opened = trial.waves.filter(Exists(Invitation.objects.filter(wave=OuterRef("pk"))))
    return {code for wave in opened for code in wave.instruments}


def consenting(trial: Trial) -> QuerySet[Participant]:
    """Everyone enrolled who has not withdrawn and whose consent in force covers questionnaires."""
    in_force = Consent.objects.filter(participant=OuterRef("pk"), withdrawn_at=None).order_by("-given_at", "-id")
    return (
        Participant.objects.filter(trial=trial, enrolled_at__isnull=False)
        .exclude(state=ParticipantState.WITHDRAWN)
        .annotate(covered=Subquery(in_force.values("covers")[:1]))
        .filter(covered__contains=COVERED_AS)  # a list in JSON contains its members
        .order_by()
    )


def newly_due(wave: Wave, trial: Trial, today: date) -> list[tuple[Participant, Window]]:
    """Those for whom a wave should open today, with their windows: inside it, and not opened yet."""
    # The database narrows down roughly; which day of the month counts is decided exactly below.
    first = today - timedelta(days=wave.months * LONGEST_MONTH + wave.closes_after)
    last = today - timedelta(days=wave.months * SHORTEST_MONTH - wave.opens_before)
    already = Invitation.objects.filter(participant=OuterRef("pk"), wave=wave)
    rows = consenting(trial).filter(~Exists(already), enrolled_at__date__range=(first, last))
    people = [(each, wave.window_for(each.enrolled_at)) for each in rows.select_related("office")]
    return [(participant, window) for participant, window in people if window.holds(today)]


def maybe_due(trial: Trial, today: date) -> QuerySet[Invitation]:
    """Questionnaires that are open today and not answered, of people who still consent."""
    return Invitation.objects.filter(
        trial=trial,
        state__in=STILL_ASKED,
        opens__lte=today,
        closes__gte=today,
        participant__in=consenting(trial).values("pk"),
    ).select_related("wave", "participant", "trial")


@dataclass(frozen=True)
class Opened:
    """A questionnaire as its respondent sees it."""

    invitation: Invitation
    trial: str
    instruments: list[Instrument]
    answers: dict[tuple[str, str], str]

    def items(self) -> list[tuple[Instrument, Item]]:
        return [(instrument, item) for instrument in self.instruments for item in instrument.questions]


def opened(*, answer_too: bool = True) -> Opened:
    """The questionnaire of the link that the plane at hand holds.

    Raises:
        Refusal: `unknown_code`, `survey_stopped`, `already_answered`, `survey_not_open`, `survey_closed`: a sentence
            for the person, whatever has become of the link.
    """
    found = Link.objects.select_related("invitation__wave").first()
    if found is None:
        raise not_found(_("Koden åpner ikke noe spørreskjema. Sjekk at du har skrevet den riktig."), "unknown_code")
    invitation = found.invitation
    may_answer(invitation, clock.today())
    trial = Trial.objects.values_list("name", flat=True).get(pk=invitation.trial_id)
    return Opened(invitation, trial, instruments_of(invitation.wave), answers_of(invitation, Entry.OWN))


def may_answer(invitation: Invitation, today: date) -> None:
    """Refuse unless a person may answer today, with the reason in words for the person."""
    if invitation.state == InvitationState.STOPPED:
        raise Refusal("survey_stopped", _("Du får ikke flere spørreskjemaer fra forsøket."), status=410)
    if invitation.state not in STILL_ASKED:
        raise Refusal("already_answered", _("Takk! Vi har fått svarene dine. De kan ikke endres nå."), status=410)
    if today < invitation.opens:
        raise Refusal(
            "survey_not_open",
            _("Du kan svare fra og med %(day)s.") % {"day": f"{invitation.opens:%d.%m.%Y}"},
            status=410,
        )
    if today > invitation.closes:
        raise Refusal(
            "survey_closed",
            _("Fristen for å svare gikk ut %(day)s. Ta kontakt med Nav-kontoret hvis du likevel vil svare.")
            % {"day": f"{invitation.closes:%d.%m.%Y}"},
            status=410,
        )


def answers_of(invitation: Invitation, entry: Entry) -> dict[tuple[str, str], str]:
    """(instrument, item) -> answer, of one entry."""
    rows = Answer.objects.filter(invitation=invitation, entry=entry).exclude(value="")
    return {(instrument, item): value for instrument, item, value in rows.values_list("instrument", "item", "value")}


@dataclass(frozen=True)
class Standing:
    """So many questionnaires that stand alike. `arm`: its key, None where not asked for or not drawn yet.

    `late`: the window has closed. `on_paper`: answered by what two typed alike. `typed`: a paper was typed at all.
    """

    wave: str
    arm: int | None
    state: str
    late: bool
    on_paper: bool
    typed: bool
    number: int


# Grouped as finely as any count needs it, so that a trial's questionnaires are read once, and joined straight to the
# draw: the ORM would go by way of the participant.
STANDINGS = """
WITH counted AS (
  SELECT i.wave_id, {arm} AS arm, i.state, i.closes < %(today)s AS late, i.final_entry = 'agreed' AS on_paper,
    i.typed_at IS NOT NULL AS typed, count(*) AS number
  FROM surveys_invitation i {draw} WHERE i.trial_id = %(trial)s GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT w.code, arm, state, late, on_paper, typed, number FROM counted JOIN surveys_wave w ON w.id = wave_id
"""
WITHOUT_ARMS = STANDINGS.format(arm="NULL::bigint", draw="")
BY_ARM = STANDINGS.format(
    arm="a.arm_id", draw="LEFT JOIN allocation_allocation a ON a.participant_id = i.participant_id"
)


def standings(trial: Trial, *, by_arm: bool = False) -> list[Standing]:
    """The questionnaires of a trial counted, as far as the reader's rows reach; one query."""
    with connection.cursor() as cursor:
        cursor.execute(BY_ARM if by_arm else WITHOUT_ARMS, {"trial": trial.pk, "today": clock.today()})
        return [Standing(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Response:
    """How many a wave was opened for, and how many of them have answered, by themselves or on paper."""

    opened: int
    answered: int
    on_paper: int

    @property
    def percent(self) -> int:
        """Those who answered of those asked, in whole per cent."""
        return round(100 * self.answered / self.opened) if self.opened else 0


def responses(counted: Iterable[Standing]) -> dict[tuple[str, int | None], Response]:
    """(wave code, arm key or None) -> response. Those stopped before they answered were asked and count as opened."""
    groups: dict[tuple[str, int | None], list[Standing]] = defaultdict(list)
    for each in counted:
        groups[each.wave, each.arm].append(each)
    return {
        key: Response(
            opened=sum(each.number for each in group),
            answered=sum(each.number for each in group if each.state == InvitationState.ANSWERED),
            on_paper=sum(each.number for each in group if each.on_paper),
        )
        for key, group in groups.items()
    }


@dataclass(frozen=True)
class Score:
    """The mean and the standard deviation over people of an instrument's score (the mean of its numbers)."""

    people: int
    mean: float
    deviation: float


def baseline_scores(trial: Trial) -> list[tuple[str, int, Score]]:
    """(instrument's title, arm key, score) of the wave at the start, for the trial plane, which reads no answer."""
    title = "coalesce(nullif(i.title_en, ''), i.title_nb)" if get_language() == "en" else "i.title_nb"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {title}, b.arm_id, b.people, b.mean, b.deviation FROM surveys_baseline() b "  # noqa: S608 - two constants
            "JOIN surveys_instrument i ON i.trial_id = b.trial_id AND i.code = b.instrument "
            "WHERE b.trial_id = %s ORDER BY i.id, b.arm_id",
            [trial.pk],
        )
        return [(name, arm, Score(*score)) for name, arm, *score in cursor.fetchall()]


def to_do(trial: Trial, invitations: QuerySet[Invitation]) -> Counter[str]:
    """What waits for an office: state -> number of questionnaires that are open or half typed.

    Those of shielded people wait for their readers only: nobody else reaches the participant's row.
    """
    waiting = Q(state__in=[InvitationState.TYPED, InvitationState.DIFFERING])
    open_now = Q(state__in=STILL_ASKED, closes__gte=clock.today())
    seen = invitations.filter(waiting | open_now, trial=trial, participant__number__isnull=False)
    rows = seen.order_by().values_list("state")
    return Counter(dict(rows.annotate(number=Count("pk"))))


def survey_rows(trial: Trial) -> Iterable[Mapping[str, str]]:
    """Every answer that counts, as rows of the `survey` delivery; for the research plane."""
    rows = (
        Answer.objects.filter(
            trial=trial,
            entry__in=FINAL,
            entry=F("invitation__final_entry"),
            invitation__state=InvitationState.ANSWERED,
        )
        .exclude(value="")
        .order_by("invitation__participant__number", "invitation__wave__code", "instrument", "item")
    )
    columns = ("invitation__participant__number", "invitation__wave__code", "instrument", "item", "value")
    for number, wave, instrument, item, value in rows.values_list(*columns).iterator():
        yield {
            "participant_number": number,
            "wave": wave,
            "instrument": instrument,
            "item": item,
            "value": value,
        }
