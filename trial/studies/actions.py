"""Setting up a trial and carrying it from one state to the next."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluation.design import DesignError, rule_for
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.access.roles import ROLES, Role
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.listeners import tell_state
from trial.studies.models import Arm, Membership, NavOffice, Office, Trial, Unit
from trial.studies.permissions import require
from trial.studies.queries import forget_memberships, roles_held
from trial.studies.states import TrialState, next_state


@action
def create_trial(*, by: User, code: str, name: str, settings: Mapping[str, Any]) -> Trial:
    """Begin a trial in the state drafting; whoever begins it leads it. `settings` are further fields of Trial."""
    if Trial.objects.filter(code=code).exists():
        raise Refusal("code_taken", _("Et annet forsøk har denne koden."), field="code")
    trial = Trial.objects.create(
        code=code, name=name, created_at=clock.now(), created_by=by, state=TrialState.DRAFTING, **settings
    )
    Membership.objects.create(user=by, trial=trial, role=Role.TRIAL_LEAD, valid_from=clock.today())
    forget_memberships(by)
    record(by=by, verb="trial_created", trial=code, name=name)
    return trial


@action
def change_settings(*, by: User, trial: Trial, **settings: Any) -> Trial:
    """Change fields of a trial under planning: name, purpose, size, dates, capacity, sources, and all of the draw.

    Raises:
        Refusal: `not_allowed`, `protocol_locked`, `ends_before_start`, `impossible_method` where the method and the
        arms do not fit together.
    """
    while_drafting(by, trial)
    for name, value in settings.items():
        setattr(trial, name, value)
    if trial.planned_start and trial.planned_end and trial.planned_end <= trial.planned_start:
        raise Refusal("ends_before_start", _("Slutten må komme etter starten."), field="planned_end", status=422)
    if "method" in settings:
        _possible_method(trial)
    trial.save(update_fields=list(settings))
    record(by=by, verb="settings_changed", trial=trial.code, fields=sorted(settings))
    return trial


@action
def set_privacy(*, by: User, trial: Trial, **told: str) -> Trial:
    """Say who answers for the data, on what ground, and whom to ask; also after the lock, since people change.

    Raises:
        Refusal: `not_allowed`, `national_id_in_text`, `trial_archived`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    refuse_national_id(**told)
    refuse_archived(lock_row(trial))
    record(by=by, verb="privacy_set", trial=trial.code, fields=sorted(told))
    return trial.changed(**told)


@action
def set_arms(*, by: User, trial: Trial, arms: Sequence[Mapping[str, Any]]) -> list[Arm]:
    """Set the arms in their order; the last one given with `is_control` is what the others are compared with."""
    while_drafting(by, trial)
    if len(arms) < 2:
        raise Refusal("too_few_arms", _("Et forsøk må ha minst to grupper."), field="arms", status=422)
    if len({arm["code"] for arm in arms}) < len(arms):
        raise Refusal("arm_twice", _("To grupper kan ikke ha samme kode."), field="arms", status=422)
    # Django would first ask every table that names arms, which this plane may not read; the foreign keys answer.
    Arm.objects.filter(trial=trial)._raw_delete(using=trial._state.db)
    made = [Arm.objects.create(trial=trial, position=place, **arm) for place, arm in enumerate(arms)]
    record(by=by, verb="arms_set", trial=trial.code, arms=[[arm.code, arm.ratio] for arm in made])
    return made


@action
def add_office(*, by: User, trial: Trial, number: str, name: str, prefix: str, planned_size: int = 0) -> Office:
    """Let a Nav office take part; its short name ("Moss" of "Nav Moss") is the stratum. `planned_size`: people.

    Raises:
        Refusal: `not_allowed`, `protocol_locked`, `office_twice`, `prefix_taken`, `name_taken` where another office
            would share the stratum, and with it the draw.
    """
    while_drafting(by, trial)
    short = name.removeprefix("Nav ")
    if trial.offices.filter(nav_office__number=number).exists():
        raise Refusal("office_twice", _("Kontoret er allerede med i forsøket."), field="number")
    if trial.offices.filter(prefix=prefix).exists():
        raise Refusal("prefix_taken", _("Et annet kontor i forsøket har disse bokstavene."), field="prefix")
    if trial.offices.filter(stratum__iexact=short).exists():
        raise Refusal("name_taken", _("Et annet kontor i forsøket har dette navnet."), field="name")
    nav_office, _created = NavOffice.objects.get_or_create(number=number, defaults={"name": name})
    office = Office.objects.create(
        trial=trial, nav_office=nav_office, stratum=short, prefix=prefix, planned_size=planned_size
    )
    record(by=by, verb="office_added", trial=trial.code, subject=number)
    return office


@action
def remove_office(*, by: User, trial: Trial, office: Office) -> None:
    """Take an office out of a trial under planning; nobody may work at it yet, and no group give a role there."""
    while_drafting(by, trial)
    if Membership.objects.filter(office=office).exists() or trial.group_roles.filter(office=office).exists():
        raise Refusal("office_in_use", _("Noen har allerede en rolle ved kontoret. Det kan ikke tas ut."))
    # Django would first ask every table that names offices, which this plane may not read; the foreign keys answer.
    Office.objects.filter(pk=office.pk)._raw_delete(using=office._state.db)
    record(by=by, verb="office_removed", trial=trial.code, subject=office.nav_office.number)


@action
def pause_office(*, by: User, trial: Trial, office: Office, reason: str) -> Office:
    """Let an office stop taking in people for a while; whoever is enrolled there is still drawn and followed.

    Raises:
        Refusal: `not_allowed`, `office_paused` where it takes in nobody already, `national_id_in_text`,
            `trial_archived`.
    """
    return _let_recruit(by, trial, office, recruits=False, verb="office_paused", reason=reason)


@action
def resume_office(*, by: User, trial: Trial, office: Office, reason: str) -> Office:
    """Let a paused office take in people again.

    Raises:
        Refusal: `not_allowed`, `office_not_paused`, `national_id_in_text`, `trial_archived`.
    """
    return _let_recruit(by, trial, office, recruits=True, verb="office_resumed", reason=reason)


@action
def add_member(
    *, by: User, trial: Trial, user: User, role: Role, office: Office | None = None, **dates: date | None
) -> Membership:
    """Give a user a role in the trial from `valid_from` (today if left out) to `valid_to`, that day included.

    Raises:
        Refusal: `office_needed`, `ends_before_start`, `already_member`, or `two_planes` when the user already works on
        another plane of data: whoever sees names must not see research data under the same account.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    of_the_right_kind(role, office)
    begins, ends = dates.get("valid_from") or clock.today(), dates.get("valid_to")
    if ends and ends < begins:
        raise Refusal("ends_before_start", _("Rollen må slutte etter at den begynner."), field="valid_to", status=422)
    if any(ROLES[held].plane != ROLES[role].plane for held in roles_held(user)):
        raise Refusal(
            "two_planes",
            _("Kontoen har allerede en rolle som ser andre typer data. Bruk en egen konto for denne rollen."),
            field="user",
            status=422,
        )
    held = trial.memberships.filter(user=user, role=role, office=office)
    if held.filter(Q(valid_to=None) | Q(valid_to__gt=begins)).exists():
        raise Refusal("already_member", _("Personen har allerede denne rollen."), field="user")
    membership = Membership.objects.create(
        user=user, trial=trial, role=role, office=office, valid_from=begins, valid_to=ends
    )
    forget_memberships(user)
    record(by=by, verb="member_added", trial=trial.code, subject=str(user.pk), role=role.value)
    return membership


def of_the_right_kind(role: Role, office: Office | None) -> None:
    """Refuse a role at an office without one, and a role in the whole trial with one (`office_needed`)."""
    if ROLES[role].at_office != (office is not None):
        raise Refusal(
            "office_needed",
            _("Velg kontor for roller ved et kontor, og bare for dem."),
            field="office",
            status=422,
        )


@action
def end_membership(*, by: User, membership: Membership) -> Membership:
    """Take a role from someone from tomorrow on; whoever led alone cannot leave the trial without a lead.

    A role that has not begun never begins: its one day is over, since the database wants a beginning and an end.

    Raises:
        Refusal: `not_allowed`, `last_lead`, `held_by_group` where a group of the provider gives the role.
    """
    trial = membership.trial
    require(by, trial, Permission.MANAGE_TRIAL)
    if membership.group:
        raise Refusal("held_by_group", _("Rollen følger en gruppe. Ta personen ut av gruppen, eller rollen fra den."))
    if membership.role == Role.TRIAL_LEAD:
        another_leads(trial, ~Q(pk=membership.pk))
    today = clock.today()
    over = today - timedelta(days=1)
    begun = membership.valid_from <= today
    membership.changed(**({"valid_to": today} if begun else {"valid_from": over, "valid_to": over}))
    forget_memberships(membership.user)
    record(by=by, verb="membership_ended", trial=trial.code, subject=str(membership.user_id), role=membership.role)
    return membership


def another_leads(trial: Trial, others: Q) -> None:
    """Refuse (`last_lead`) unless someone among `others` leads the trial without an end; of two at once one waits."""
    lock_row(trial)
    lasting = Q(role=Role.TRIAL_LEAD, valid_from__lte=clock.today(), valid_to=None, user__is_active=True)
    if not trial.memberships.filter(others, lasting).exists():
        raise Refusal("last_lead", _("Forsøket må ha en forsøksleder. Gi rollen til en annen først."))


@action
def start_recruiting(*, by: User, trial: Trial) -> Trial:
    """Open the offices for enrolment; the protocol must be locked."""
    again = trial.state == TrialState.CLOSED
    return _move(by, trial, TrialState.RECRUITING, "recruitment_reopened" if again else "recruitment_started")


@action
def close_recruitment(*, by: User, trial: Trial) -> Trial:
    """Stop enrolment; everyone enrolled is still drawn and followed."""
    return _move(by, trial, TrialState.CLOSED, "recruitment_closed")


@action
def lock_data(*, by: User, trial: Trial) -> Trial:
    """End the masking of the arms: from here on no delivery is accepted and the locked plan may run on true arms."""
    return _move(by, trial, TrialState.DATA_LOCKED, "data_locked")


@action
def archive(*, by: User, trial: Trial) -> Trial:
    """Put an opened trial away: everything stays readable, nothing more is done."""
    return _move(by, trial, TrialState.ARCHIVED, "archived")


@action
def move_trial(*, by: User | None, trial: Trial, to: TrialState, verb: str) -> Trial:
    """Carry the trial to a state on behalf of a room above, which has checked who asks (the lock, the opening)."""
    return _carry(by, trial, to, verb)


@action
def fix_plan(*, by: User, trial: Trial, sha256: str) -> Trial:
    """Keep the hash of the analysis plan that the protocol will name."""
    locked = lock_row(trial)
    if locked.state != TrialState.DRAFTING:
        next_state(locked.state, TrialState.DRAFTING)
    trial.changed(analysis_plan_sha256=sha256)
    record(by=by, verb="plan_fixed", trial=trial.code, sha256=sha256)
    return trial


def _move(by: User, trial: Trial, to: TrialState, verb: str) -> Trial:
    require(by, trial, Permission.MANAGE_TRIAL)
    return _carry(by, trial, to, verb)


def _carry(by: User | None, trial: Trial, to: TrialState, verb: str) -> Trial:
    locked = Trial.objects.select_for_update().get(pk=trial.pk)
    trial.changed(state=next_state(locked.state, to))
    record(by=by, verb=verb, trial=trial.code)
    tell_state(by, trial, verb)
    return trial


def _let_recruit(by: User, trial: Trial, office: Office, *, recruits: bool, verb: str, reason: str) -> Office:
    require(by, trial, Permission.MANAGE_TRIAL)
    refuse_national_id(reason=reason)
    refuse_archived(lock_row(trial))
    if Office.objects.select_for_update(of=("self",)).get(pk=office.pk).recruits == recruits:
        raise Refusal(
            "office_not_paused" if recruits else "office_paused",
            _("Kontoret tar allerede imot deltakere.") if recruits else _("Kontoret har allerede pause."),
        )
    office.changed(recruits=recruits)
    record(by=by, verb=verb, trial=trial.code, subject=office.nav_office.number, reason=reason)
    return office


def _possible_method(trial: Trial) -> None:
    if not trial.method:
        return
    arms = [(arm.code, arm.ratio) for arm in trial.arms.all()]
    try:
        rule_for(trial.method, arms, block_number=int)
        if trial.unit == Unit.CLUSTER and trial.method["kind"] == "minimisation":
            raise DesignError("an office has no factors to minimise over")
    except DesignError as error:
        raise Refusal(
            "impossible_method",
            _("Metoden passer ikke med gruppene. Se på forholdstallene og verdiene du har skrevet."),
            field="kind",
            status=422,
        ) from error


def while_drafting(by: User, trial: Trial) -> None:
    """Let the lead change the plan, and keep others from locking or changing it until the transaction ends."""
    require(by, trial, Permission.MANAGE_TRIAL)
    if lock_row(trial).state != TrialState.DRAFTING:
        raise Refusal("protocol_locked", _("Protokollen er låst og kan ikke endres."))


def lock_row(trial: Trial) -> Trial:
    """The trial as it is now, locked against other changes; rows that refer to it can still be written."""
    return Trial.objects.select_for_update(no_key=True).get(pk=trial.pk)


def refuse_archived(trial: Trial) -> None:
    if trial.state == TrialState.ARCHIVED:
        raise Refusal("trial_archived", _("Forsøket er arkivert og kan ikke endres."))
