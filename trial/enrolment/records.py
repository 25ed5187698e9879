"""The rows that this room's actions write, made whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from evaluation.canonical import sha256_of
from evaluation.national_id import digits_of, is_national_id
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.refusals import Refusal, violated_constraint
from trial.audit import clock
from trial.audit.actions import record
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant
from trial.enrolment.numbers import new_number
from trial.enrolment.variables import checked_variables
from trial.identity import actions as identity
from trial.identity.access_service import require_access
from trial.identity.models import Person
from trial.identity.queries import find, is_erased
from trial.studies.models import Office, Trial
from trial.studies.strata import stratum_of

PRIMARY_KEY = "enrolment_eligibilitycheck_pkey"


@dataclass(frozen=True)
class Asked:
    """What a form asks for: registers and other parts, the optional ones of them, variables with reasons, until when.

    `variables`: register -> list of [variable, reason], each register that the form covers.
    """

    covers: list[str]
    optional: list[str]
    variables: dict[str, list[list[str]]]
    storage_end: date | None

    @classmethod
    def of(
        cls,
        covers: Sequence[str],
        optional: Sequence[str],
        *,
        variables: Mapping[str, Sequence[Sequence[str]]] | None = None,
        storage_end: date | None = None,
    ) -> Self:
        """Complete and checked; the usual variables where none are named."""
        if storage_end and storage_end <= clock.today():
            raise Refusal("storage_over", _("Datoen må være i framtiden."), field="storage_end", status=422)
        named = {code: checked_variables(code, (variables or {}).get(code)) for code in covers}
        return cls(list(covers), list(optional), named, storage_end)


@dataclass(frozen=True)
class Agreed:
    """What someone agreed to, and how. `covered`: everything, the optional parts that were ticked included."""

    form: ConsentForm
    covered: list[str]
    paper_reference: str
    on_screen: bool


def own_check(check: EligibilityCheck) -> EligibilityCheck:
    """The check, locked."""
    rows = EligibilityCheck.objects.select_for_update(of=("self",)).select_related("trial", "office")
    locked: EligibilityCheck = rows.get(pk=check.pk)
    return locked


def open_check(check: EligibilityCheck) -> EligibilityCheck:
    """The check, locked, for whoever goes on with it; refused (`registration_discarded`) where it was put away."""
    locked = own_check(check)
    if locked.discarded:
        raise Refusal("registration_discarded", _("Registreringen er slettet av en kollega. Begynn på en ny."))
    return locked


def leave_erased_key(check: EligibilityCheck) -> None:
    """Let corrected answers go on under a key of their own where a name was erased under the old one.

    Whoever was erased under a key stays erased under it, in a restored backup as well: nobody can be written there.
    """
    if is_erased(check.key):
        rows = EligibilityCheck.objects.filter(pk=check.key)
        check.key, check.shielded = uuid4(), False
        rows.update(key=check.key, shielded=False)


def begun_check(office: Office, check: EligibilityCheck | None) -> EligibilityCheck:
    """The check at hand, locked, or a new one at the office: under the key that `check` brings, unless that is used up.

    A sheet that is sent again after its registration was put away, or for another office, begins a new registration.
    """
    known = own_check(check) if check and check.trial_id else _sent_before(check)
    if known and (known.discarded or known.office_id != office.pk):
        check = known = None
    key = {"key": check.key} if check else {}
    return known or EligibilityCheck(trial=office.trial, office=office, **key)


def _sent_before(check: EligibilityCheck | None) -> EligibilityCheck | None:
    rows = EligibilityCheck.objects.select_for_update(of=("self",)).select_related("trial", "office")
    found: EligibilityCheck | None = rows.filter(pk=check.pk).first() if check else None
    return found


def save_begun(check: EligibilityCheck) -> None:
    """Save the answers; of two equal sheets at once the later one finds the row of the other."""
    try:
        with transaction.atomic():
            check.save()
    except IntegrityError as error:
        if violated_constraint(error) != PRIMARY_KEY:
            raise
        check.save(force_update=True)


def known_levels(levels: Mapping[str, list[str]], given: Mapping[str, str]) -> dict[str, str]:
    """The factors given, each at one of its levels."""
    for factor, level in given.items():
        if level not in levels.get(factor, ()):
            raise Refusal("unknown_level", _("Velg en av verdiene i listen."), field=factor, status=422)
    return dict(given)


def complete(person: Person) -> Person:
    """The person as it is kept; refuses one without a name or with a number that cannot exist."""
    name = " ".join(person.name.split())
    if not name:
        raise Refusal("name_missing", _("Skriv navnet på personen."), field="name", status=422)
    if not is_national_id(person.national_id, on=clock.today()):
        raise Refusal(
            "invalid_national_id",
            _("Fødselsnummeret eller D-nummeret er ikke gyldig. Sjekk sifrene."),
            field="national_id",
            status=422,
        )
    refuse_national_id(name=name, contact=person.contact)
    return Person(name, digits_of(person.national_id), person.contact.strip())


def keep_identity(by: User, check: EligibilityCheck, person: Person) -> None:
    """Hand the person over to the identity room, under the key of the check, if Nav's access service lets them.

    The service is asked about a number that is new here, before anything is kept of it.
    """
    require_access(by, person.national_id)
    try:
        identity.keep(by=by, subject=check.key, trial_code=check.trial.code, office_id=check.office_id, person=person)
    except Refusal as refusal:
        if refusal.code != "already_in_trial":
            raise
        raise Refusal(refusal.code, _known_as(check, person) or refusal.sentence, field=refusal.field) from None


def _known_as(check: EligibilityCheck, person: Person) -> Any:
    """Where someone is found who is in the trial already, for the own office; nothing about anyone else's people."""
    key = find(person.national_id, trial_code=check.trial.code)
    if key is None:
        return None
    number = Participant.objects.filter(pk=key).values_list("number", flat=True).first()
    if number:
        return _("Personen er allerede registrert ved kontoret, med nummeret %(number)s.") % {"number": number}
    return _("Noen ved kontoret har begynt å registrere personen. Fortsett på den i listen over deltakere.")


def new_participant(by: User, check: EligibilityCheck) -> Participant:
    """A participant with a number, in the state registered."""
    participant = Participant(
        key=check.key,
        trial=check.trial,
        office=check.office,
        stratum=stratum_of(check.trial, check.office, check.factors),
        factors=check.factors,
        registered_at=clock.now(),
        registered_by=by,
    )
    _save_with_free_number(participant)
    record(by=by, verb="person_registered", trial=check.trial.code, subject=participant.number)
    return participant


def _save_with_free_number(participant: Participant) -> None:
    """Draw numbers until the database takes one: only it can see the numbers of every office and trial."""
    while True:
        participant.number = new_number(participant.office.prefix)
        try:
            with transaction.atomic():
                return participant.save(force_insert=True)
        except IntegrityError as error:
            if "number" not in violated_constraint(error):
                raise


def new_form(by: User, trial: Trial, text: Mapping[str, str], asked: Asked) -> ConsentForm:
    """The next version of the trial's consent form, with its hash."""
    version = trial.consent_forms.count() + 1
    end = asked.storage_end.isoformat() if asked.storage_end else ""
    said = vars(asked) | {"trial": trial.code, "version": version, "text": dict(text), "storage_end": end}
    return ConsentForm.objects.create(
        trial=trial,
        version=version,
        text_nb=text["nb"],
        text_en=text.get("en", ""),
        sha256=sha256_of(said),
        published_at=clock.now(),
        published_by=by,
        **vars(asked),
    )


def consented_again(earlier: Consent, agreed: Agreed) -> bool:
    """Whether this is the consent that is there already."""
    known = (earlier.form_id, earlier.covers, earlier.paper_reference, earlier.on_screen)
    return known == (agreed.form.pk, agreed.covered, agreed.paper_reference, agreed.on_screen)


def new_consent(by: User, participant: Participant, agreed: Agreed) -> Consent:
    """A consent with the hash that the allocation log will name."""
    now = clock.now()
    said = {
        "participant": str(participant.key),
        "form": agreed.form.sha256,
        "covers": agreed.covered,
        "given_at": int(now.timestamp()),
    }
    return Consent.objects.create(
        participant=participant,
        trial=participant.trial,
        office=participant.office,
        form=agreed.form,
        covers=agreed.covered,
        paper_reference=agreed.paper_reference,
        on_screen=agreed.on_screen,
        given_at=now,
        recorded_by=by,
        sha256=sha256_of(said),
    )
