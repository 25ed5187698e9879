"""Participants and unfinished registrations, reached only with the right to see them."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.national_id import digits_of, is_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal, not_found
from trial.access.roles import ROLES
from trial.audit import clock
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant
from trial.enrolment.numbers import parse_number
from trial.enrolment.states import BEFORE_ENROLMENT, LABELS, ParticipantState
from trial.identity.access_service import require_access
from trial.identity.queries import find, hidden_of, named_like, names_of, person_of
from trial.studies.models import Membership, Office, Trial
from trial.studies.permissions import can, require
from trial.studies.queries import offices_of
from trial.studies.states import TrialState

LATELY = timedelta(minutes=30)
# What the list can be narrowed to: label and states.
GROUPS: dict[str, tuple[str | Promise, tuple[ParticipantState, ...]]] = {
    "": (gettext_lazy("Alle"), tuple(ParticipantState)),
    "begun": (gettext_lazy("Ikke meldt inn ennå"), (ParticipantState.REGISTERED, ParticipantState.CONSENTED)),
    "waiting": (gettext_lazy("Venter på loddtrekning"), (ParticipantState.ENROLLED,)),
    "drawn": (
        gettext_lazy("Trukket"),
        (ParticipantState.ALLOCATED, ParticipantState.FOLLOWING, ParticipantState.COMPLETED),
    ),
    "withdrawn": (gettext_lazy("Har trukket seg"), (ParticipantState.WITHDRAWN,)),
}


@dataclass(frozen=True)
class Event:
    """Something that happened to a participant, for the case line of the page. Rooms above add their own."""

    time: datetime
    title: str | Promise
    text: str | Promise = ""


def participants_of(user: User, trial: Trial) -> QuerySet[Participant]:
    """The participants that the user may see in the trial: those of the own offices, or all of them."""
    offices = offices_of(user, trial, needing=Permission.SEE_PARTICIPANTS)
    rows = Participant.objects.filter(trial=trial, office__in=offices)
    return rows.select_related("office__nav_office").order_by("-registered_at", "key")


def takes_in(user: User, trial: Trial, offices: Iterable[Office]) -> bool:
    """Whether the user can begin with someone new at one of the offices: trial and office recruit."""
    own = (office for office in offices if can(user, trial, Permission.ENROL, office))
    return trial.state == TrialState.RECRUITING and any(office.recruits for office in own)


def participant_for(
    user: User, trial: Trial, number: str, *, needing: Permission = Permission.SEE_PARTICIPANTS
) -> Participant:
    """The participant with a number, for someone who has the right at the participant's office.

    Raises:
        Refusal: `malformed_number` or `mistyped_number`; `not_found` (404) for other offices' people as for nobody;
            `not_allowed` (403) for colleagues without the right.
    """
    written = parse_number(number)
    rows = Participant.objects.select_related("trial", "office__nav_office")
    participant: Participant | None = rows.filter(trial=trial, number=written).first()
    if participant is None or not can(user, trial, Permission.SEE_TRIAL, participant.office):
        raise not_found(_("Fant ingen deltaker med dette nummeret ved ditt kontor."))
    require(user, trial, needing, participant.office)
    return participant


def check_for(user: User, trial: Trial, key: UUID) -> EligibilityCheck:
    """A registration under way at one of the user's offices.

    Raises:
        Refusal: `not_found`, also where it has been put away.
    """
    rows = EligibilityCheck.objects.select_related("trial", "office__nav_office")
    check: EligibilityCheck | None = rows.filter(trial=trial, key=key, discarded=False).first()
    if check is None or not can(user, trial, Permission.ENROL, check.office):
        raise not_found(_("Fant ikke registreringen ved ditt kontor."))
    return check


def registered_as(check: EligibilityCheck) -> Participant | None:
    """The participant that a registration has become, if it has come so far."""
    rows = Participant.objects.select_related("trial", "office__nav_office")
    participant: Participant | None = rows.filter(pk=check.key).first()
    return participant


def begun_last(user: User, trial: Trial) -> EligibilityCheck | None:
    """What the user saved last, half an hour ago at most, while nobody is enrolled by it: for whoever comes back to an
    empty sheet by the browser's own button.
    """
    rows = EligibilityCheck.objects.filter(trial=trial, checked_by=user, discarded=False).exclude(eligible=False)
    check: EligibilityCheck | None = rows.filter(checked_at__gte=clock.now() - LATELY).first()
    participant = registered_as(check) if check else None
    return None if participant and participant.state not in BEFORE_ENROLMENT else check


def unfinished(user: User, trial: Trial) -> list[EligibilityCheck]:
    """Registrations at the user's offices that have no number yet and can be taken up again, newest first."""
    offices = offices_of(user, trial, needing=Permission.ENROL)
    rows = EligibilityCheck.objects.filter(trial=trial, office__in=offices, discarded=False).exclude(eligible=False)
    numbered = Participant.objects.filter(key=OuterRef("key")).values("key")
    return list(rows.annotate(numbered=Subquery(numbered)).filter(numbered=None).select_related("checked_by")[:50])


def matching(user: User, trial: Trial, text: str) -> list[Participant]:
    """Participants whose number, national id or name is what was typed; the first 50, newest first.

    Nobody is found by a name or a national id whom Nav's access service guards.

    Raises:
        Refusal: `access_denied`, `access_not_answered` for a national id.
    """
    rows = participants_of(user, trial)
    by_number = rows.filter(number=_as_number(text))
    if not can(user, trial, Permission.SEE_IDENTITY) or by_number:
        return list(by_number)
    if is_national_id(text):
        require_access(user, digits_of(text))
        found = find(digits_of(text), trial_code=trial.code)
        return list(rows.filter(pk=found)) if found else []
    like = named_like(text, trial_code=trial.code) if text.strip() else []
    hidden = hidden_of(like, names_for(user, trial, like)) if settings.ACCESS_SERVICE_URL else set()
    return list(rows.filter(pk__in=set(like) - hidden)[:50])


def names_for(user: User, trial: Trial, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Names by key for whoever may see names; nothing for everyone else, whose database role cannot even ask.

    For lists: no display is logged. Whom Nav's access service guards is left without a name.
    """
    if not can(user, trial, Permission.SEE_IDENTITY):
        return {}
    return names_of(keys, seen_by=user)


def listed_names_for(user: User, trial: Trial, keys: Collection[UUID]) -> dict[UUID, str]:
    """`names_for`, with words in place of a name that is kept but not shown: it must not look erased."""
    names = names_for(user, trial, keys)
    hidden = hidden_of(keys, names) if can(user, trial, Permission.SEE_IDENTITY) else ()
    return names | dict.fromkeys(hidden, _("Skjult i tilgangskontrollen"))


def colleagues_of(participant: Participant) -> list[User]:
    """Those who may sign in and see names at the participant's office today, by name."""
    roles = [role for role, held in ROLES.items() if held.at_office and Permission.SEE_IDENTITY in held.permissions]
    today = clock.today()
    held = Membership.objects.filter(office=participant.office, role__in=roles, valid_from__lte=today)
    users = User.objects.filter(is_active=True, memberships__in=held.filter(Q(valid_to=None) | Q(valid_to__gte=today)))
    return list(users.distinct().order_by("display_name", "username"))


def contact_of(participant: Participant) -> str:
    """How to reach a participant, as the office wrote it down, for the rooms that write to people.

    Row-level security opens it to the participant's own office only; for every other plane it is empty or refused.
    """
    return person_of(participant.key).contact


def group_sizes(user: User, trial: Trial) -> dict[str, int]:
    """How many of the participants that the user may see are in each group of `GROUPS`."""
    found = participants_of(user, trial).order_by().values_list("state").annotate(Count("key"))
    sizes = Counter(dict(found))
    return {group: sum(sizes[state] for state in states) for group, (_label, states) in GROUPS.items()}


def form_version(trial: Trial, version: Any) -> ConsentForm:
    """A version of the consent form.

    Raises:
        Refusal: `not_found`.
    """
    known = ConsentForm.objects.filter(trial=trial)
    form: ConsentForm | None = known.filter(version=version).first() if str(version).isdecimal() else None
    if form is None:
        raise not_found(_("Fant ikke denne versjonen av samtykkeskjemaet."))
    return form


def consents_of(participant: Participant) -> list[Consent]:
    """Every consent of a participant, newest first."""
    return list(participant.consents.select_related("form", "recorded_by").order_by("-given_at", "-id"))


def consent_of(participant: Participant, key: int) -> Consent:
    """One consent of a participant.

    Raises:
        Refusal: `not_found`.
    """
    rows = participant.consents.select_related("trial", "office")
    consent: Consent | None = rows.filter(pk=key).first()
    if consent is None:
        raise not_found(_("Fant ikke samtykket."))
    return consent


def events_of(participant: Participant, consents: Iterable[Consent]) -> list[Event]:
    """What this room knows of a participant's way through the trial."""
    events = [Event(participant.registered_at, _("Registrert"))]
    for consent in consents:
        title = _("Samtykke gitt til versjon %(version)s") % {"version": consent.form.version}
        events.append(Event(consent.given_at, title, str(consent.recorded_by)))
        if consent.withdrawn_at:
            events.append(Event(consent.withdrawn_at, _("Samtykke trukket")))
    if participant.enrolled_at:
        events.append(Event(participant.enrolled_at, _("Meldt inn, venter på loddtrekning")))
    if participant.withdrawn_at:
        events.append(
            Event(participant.withdrawn_at, LABELS[ParticipantState.WITHDRAWN], participant.get_withdrawal_display())
        )
    return events


def _as_number(text: str) -> str:
    try:
        return parse_number(text)
    except Refusal:
        return ""
