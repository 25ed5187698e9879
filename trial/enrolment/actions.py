"""The way of a person into a trial: questions, person, consent; and out of it again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from evaluation.national_id import digits_of, is_national_id
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, part_of_action, record
from trial.enrolment import policies
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.listeners import tell_withdrawal
from trial.enrolment.models import Consent, ConsentForm, Criterion, EligibilityCheck, Participant
from trial.enrolment.records import (
    Agreed,
    Asked,
    begun_check,
    complete,
    consented_again,
    keep_identity,
    known_levels,
    leave_erased_key,
    new_consent,
    new_form,
    new_participant,
    open_check,
    save_begun,
)
from trial.enrolment.shielding import set_shield
from trial.enrolment.states import TRANSITIONS, ParticipantState, Withdrawal, goes_further, next_state
from trial.identity import actions as identity
from trial.identity.models import Person
from trial.studies.actions import lock_row, refuse_archived, while_drafting
from trial.studies.models import Office, Trial
from trial.studies.permissions import require
from trial.studies.strata import stratum_of


@action
def set_criteria(*, by: User, trial: Trial, criteria: Sequence[Mapping[str, Any]]) -> list[Criterion]:
    """Set the questions that decide who may take part, in their order, while the trial is drafted."""
    while_drafting(by, trial)
    trial.criteria.all().delete()
    made = [Criterion.objects.create(trial=trial, position=place, **given) for place, given in enumerate(criteria)]
    record(by=by, verb="criteria_set", trial=trial.code, criteria=[criterion.code for criterion in made])
    return made


@action
def publish_consent_form(
    *,
    by: User,
    trial: Trial,
    text: Mapping[str, str],
    covers: Sequence[str],
    optional: Sequence[str] = (),
    **details: Any,
) -> ConsentForm:
    """Publish the next version of the consent form. `text`: "nb" and, where there is one, "en".

    `details`: `variables` (register -> list of (variable, reason); the usual ones if left out) and `storage_end`.

    Raises:
        Refusal: `consent_text_missing`, `unknown_coverage` for a code that is not in `coverage.COVERAGE`,
            `unknown_variable`, `reason_missing`, `storage_over` for a date that has passed, or `trial_archived`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    refuse_archived(lock_row(trial))  # of two new versions at once, the later one gets the next number
    if not text.get("nb", "").strip():
        raise Refusal("consent_text_missing", _("Skriv teksten på bokmål."), field="text", status=422)
    if set(covers) - set(COVERAGE) or set(optional) - set(covers):
        raise Refusal("unknown_coverage", _("Velg fra listen hva samtykket dekker."), field="covers", status=422)
    form = new_form(by, trial, text, Asked.of(covers, optional, **details))
    record(by=by, verb="consent_form_published", trial=trial.code, version=form.version, sha256=form.sha256)
    return form


@action
def check_eligibility(
    *,
    by: User,
    office: Office,
    answers: Mapping[str, bool],
    factors: Mapping[str, str] | None = None,
    check: EligibilityCheck | None = None,
) -> EligibilityCheck:
    """Keep the answers given so far, for a new person or (`check`) one under way.

    `answers`: criterion code -> yes or no; `factors`: factor of the draw -> level. Codes left out stay open. Someone
    who turns out not to be eligible stays counted without an identity: a name typed already is erased. A `check` that
    was never saved gives a new registration its key: sent twice, at once too, it is one registration.
    """
    require(by, office.trial, Permission.ENROL, office)
    policies.may_recruit(office.trial, office)
    check = begun_check(office, check)
    participant, closed = Participant.objects.filter(pk=check.key).first(), check.eligible is False
    if participant:
        policies.not_enrolled_yet(participant)
    criteria = list(office.trial.criteria.all())
    check.answers = {c.code: bool(answers[c.code]) for c in criteria if answers.get(c.code) is not None}
    check.factors = known_levels(office.trial.factors, factors or {})
    check.eligible = policies.is_eligible(criteria, check.answers)
    check.checked_at, check.checked_by = clock.now(), by
    save_begun(check)
    if participant:
        _answered_again(participant, check)
    elif check.eligible is False:
        identity.erase(by=by, subject=check.key)
    elif closed:
        leave_erased_key(check)
    record(
        by=by,
        verb="eligibility_checked",
        trial=office.trial.code,
        subject=str(check.key),
        eligible={True: "yes", False: "no", None: "open"}[check.eligible],
    )
    return check


@action
def discard_check(*, by: User, check: EligibilityCheck) -> EligibilityCheck:
    """Put an unfinished registration away: the person did not want to go on. What was typed of a name is erased."""
    require(by, check.trial, Permission.ENROL, check.office)
    check = open_check(check)
    if Participant.objects.filter(pk=check.key).exists():
        raise Refusal("already_registered", _("Personen er registrert. Registrer heller at personen trekker seg."))
    identity.erase(by=by, subject=check.key)
    record(by=by, verb="registration_discarded", trial=check.trial.code, subject=str(check.key))
    return check.changed(discarded=True)


@action
def save_person_draft(*, by: User, check: EligibilityCheck, person: Person, shielded: bool = False) -> EligibilityCheck:
    """Keep what is typed so far about a person, encrypted, so that going back or away loses nothing.

    A national id that is half typed, or mistyped, is kept as it stands for whoever goes on; it finds nobody.
    """
    require(by, check.trial, Permission.ENROL, check.office)
    check = open_check(check)
    if Participant.objects.filter(pk=check.key).exists():
        raise Refusal("already_registered", _("Personen er allerede registrert."))
    number = person.national_id.strip()
    refuse_national_id(name=person.name, contact=person.contact)
    number = digits_of(number) if is_national_id(number, on=clock.today()) else number
    keep_identity(by, check, Person(person.name, number, person.contact))
    _shield(by, check, shielded)
    return check


def _shield(by: User, check: EligibilityCheck, shielded: bool) -> None:
    """Shield someone under registration for whoever registers, or lift that again."""
    if shielded != check.shielded:
        set_shield(by=by, check=check, readers=[by] if shielded else [])


@action
def register_person(*, by: User, check: EligibilityCheck, person: Person, shielded: bool = False) -> Participant:
    """Give an eligible person a number, or correct who one is that is under registration.

    `shielded`: only `by` sees the person from now on.

    Raises:
        Refusal: `name_missing`, `invalid_national_id`, `already_in_trial`, `not_eligible`, `factor_missing`,
            `trial_not_recruiting`, `office_not_recruiting`, `registration_discarded`; `access_denied`,
            `access_not_answered` where Nav's access service guards the person.
    """
    require(by, check.trial, Permission.ENROL, check.office)
    check = open_check(check)
    known = Participant.objects.filter(pk=check.key).first()
    if known is None:
        policies.may_recruit(check.trial, check.office)
        policies.eligible_still(check, check.trial)
    keep_identity(by, check, complete(person))
    _shield(by, check, shielded)
    return known or new_participant(by, check)


@action
def correct_person(*, by: User, participant: Participant, person: Person) -> Participant:
    """Correct who a participant is, at any time: everyone may demand that what is held of them is right.

    Raises:
        Refusal: as in `register_person`; `identity_erased` where the person wanted everything deleted.
    """
    require(by, participant.trial, Permission.ENROL, participant.office)
    keep_identity(by, EligibilityCheck.objects.select_related("trial").get(pk=participant.key), complete(person))
    return participant


@action
def save_consent_draft(
    *, by: User, check: EligibilityCheck, form: ConsentForm, covers: list[str], paper_reference: str = ""
) -> EligibilityCheck:
    """Keep the optional ticks and the reference of a consent that is not given yet."""
    require(by, check.trial, Permission.ENROL, check.office)
    refuse_national_id(paper_reference=paper_reference)
    draft = {"covers": [code for code in covers if code in form.optional], "paper_reference": paper_reference}
    return open_check(check).changed(consent_draft=draft)


@action
def give_consent(
    *,
    by: User,
    participant: Participant,
    form: ConsentForm,
    covers: list[str],
    paper_reference: str = "",
    on_screen: bool = False,
) -> Consent:
    """Record that the person consented to the current form, on paper or `on_screen` at the office.

    `covers`: the optional parts the person ticked. The same consent given twice is one consent. After a new version of
    the form, people consent again.
    """
    require(by, participant.trial, Permission.ENROL, participant.office)
    refuse_national_id(paper_reference=paper_reference)
    _lock(participant)
    if participant.state == ParticipantState.WITHDRAWN:
        policies.not_enrolled_yet(participant)
    if form != policies.current_form(participant.trial):
        raise Refusal("consent_outdated", _("Samtykkeskjemaet er endret. Last siden på nytt og be om samtykke igjen."))
    covered = [code for code in form.covers if code in form.always_covers or code in covers]
    agreed = Agreed(form, covered, paper_reference, on_screen)
    earlier = policies.consent_in_force(participant)
    if earlier and consented_again(earlier, agreed):
        return earlier
    consent = new_consent(by, participant, agreed)
    if participant.state == ParticipantState.REGISTERED:
        participant.changed(state=next_state(participant.state, ParticipantState.CONSENTED))
    record(
        by=by,
        verb="consent_given",
        trial=participant.trial.code,
        subject=participant.number,
        version=form.version,
        covers=covered,
        sha256=consent.sha256,
    )
    return consent


@action
def withdraw(*, by: User, participant: Participant, meaning: Withdrawal) -> Participant:
    """Record at once that a person withdraws. The arm and the place in the draw stay (intention to treat).

    Raises:
        Refusal: `already_withdrawn` unless this takes back more than the withdrawal recorded before.
    """
    require(by, participant.trial, Permission.WITHDRAW, participant.office)
    _lock(participant)
    if not goes_further(participant.withdrawal, meaning):
        raise Refusal("already_withdrawn", _("Det er allerede registrert at personen har trukket seg."))
    return _take_back(by, participant, meaning)


@action
def erase_again(*, by: User, key: UUID) -> None:
    """Carry out an erasure that a restored backup does not know. Nobody's right is asked: the person's wish stands.

    `by`: who carried it out the first time; `key`: of the participant, or of a registration that was put away.
    """
    participant = Participant.objects.select_related("trial", "office").filter(pk=key).first()
    if participant and goes_further(participant.withdrawal, Withdrawal.EVERYTHING):
        _take_back(by, participant, Withdrawal.EVERYTHING)
    else:
        EligibilityCheck.objects.filter(pk=key).update(discarded=participant is None)
        identity.erase(by=by, subject=key)


def _take_back(by: User, participant: Participant, meaning: Withdrawal) -> Participant:
    now = clock.now()
    if meaning != Withdrawal.FOLLOW_UP:
        participant.consents.filter(withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=by)
    if meaning == Withdrawal.EVERYTHING:
        identity.erase(by=by, subject=participant.key)
    participant.changed(
        state=ParticipantState.WITHDRAWN.value, withdrawal=meaning.value, withdrawn_at=now, withdrawn_by=by
    )
    record(by=by, verb="withdrawn", trial=participant.trial.code, subject=participant.number, meaning=meaning.value)
    tell_withdrawal(by, participant)
    return participant


@part_of_action
def mark_enrolled(*, by: User, participant: Participant) -> Participant:
    """The person has a place in the draw. Called by allocation, which holds the row and has asked `may_enrol`."""
    return _held_moves(by, participant, ParticipantState.ENROLLED, enrolled_at=clock.now(), enrolled_by=by)


@part_of_action
def mark_allocated(*, by: User | None, participant: Participant) -> Participant:
    """The person's arm is drawn. Called by allocation, which holds the row; who withdrew meanwhile stays withdrawn."""
    if participant.state == ParticipantState.WITHDRAWN:
        return participant
    return _held_moves(by, participant, ParticipantState.ALLOCATED)


@action
def mark_following(*, by: User | None, participant: Participant) -> Participant:
    """Follow-up has begun. Called by followup."""
    return _move(by, participant, ParticipantState.FOLLOWING)


@action
def mark_completed(*, by: User | None, participant: Participant) -> Participant:
    """The follow-up period is over. Called by followup."""
    return _move(by, participant, ParticipantState.COMPLETED)


def _answered_again(participant: Participant, check: EligibilityCheck) -> None:
    """The factors as they are now, and the stratum that they give; the old one stays while a level is missing."""
    complete = all(check.factors.get(name) for name in participant.trial.factors)
    stratum = stratum_of(participant.trial, participant.office, check.factors) if complete else participant.stratum
    participant.changed(factors=check.factors, stratum=stratum)


def _held_moves(by: User | None, participant: Participant, to: ParticipantState, **fields: Any) -> Participant:
    """Move a participant whose row the caller has locked, and read under the lock."""
    participant.changed(state=next_state(participant.state, to).value, **fields)
    record(by=by, verb=f"participant_{to}", trial=participant.trial.code, subject=participant.number)
    return participant


def _move(by: User | None, participant: Participant, to: ParticipantState, **fields: Any) -> Participant:
    """One guarded UPDATE: of two that come at once, one moves the participant and the other is refused."""
    sources = [state for state, targets in TRANSITIONS.items() if to in targets]
    fields |= {"state": to.value}
    if Participant.objects.filter(pk=participant.pk, state__in=sources).update(**fields):
        vars(participant).update(fields)
        record(by=by, verb=f"participant_{to}", trial=participant.trial.code, subject=participant.number)
        return participant
    participant.refresh_from_db(fields=["state"])
    if participant.state != ParticipantState.WITHDRAWN:
        next_state(participant.state, to)
    return participant


def _lock(participant: Participant) -> None:
    """Lock the row and see what others have done to it meanwhile."""
    rows = Participant.objects.select_for_update(of=("self",))
    participant.refresh_from_db(fields=["state", "withdrawal"], from_queryset=rows)
