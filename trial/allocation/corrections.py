"""Mistakes: told by an office, judged by another person, kept as an event. No slot is freed and nobody is taken out."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from evaluation.canonical import canonical_json
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.planes import entered
from trial.access.refusals import Refusal, not_found
from trial.allocation.actions import log_event
from trial.allocation.models import Allocation, Correction
from trial.allocation.policies import second_person
from trial.allocation.protocols import Document
from trial.allocation.queries import DRAW, locked_protocol
from trial.allocation.states import EVENTS, CorrectionKind
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.listeners import tell_move
from trial.enrolment.models import Participant
from trial.enrolment.numbers import parse_number
from trial.enrolment.shielding import somebody_sees_at
from trial.studies.models import Office, Trial
from trial.studies.permissions import require


@action
def ask_correction(
    *, by: User, participant: Participant, kind: str, reason: str, stratum: str = "", other: str = "", office: str = ""
) -> Correction:
    """Tell what went wrong with an enrolment. `stratum`: the right one; `other`: the number of the same person's
    other place; `office`: the unit number of the new office; each for its kind.

    Raises:
        Refusal: `not_allowed`, `not_enrolled`, `reason_missing`, `national_id_in_text`, `already_asked`,
            `unknown_stratum`, `same_stratum`, `unknown_number`, `unknown_office`, `same_office`; those of rooms that
            must let the person go first.
    """
    require(by, participant.trial, Permission.RECORD_DEVIATION, participant.office)
    refuse_national_id(reason=reason, other=other)
    if not reason.strip():
        raise Refusal("reason_missing", _("Skriv hva som gikk galt."), field="reason", status=422)
    place = _place_of(participant)
    if Correction.objects.filter(participant=participant, kind=kind, decided_at=None).exists():
        raise Refusal("already_asked", _("Dette er meldt og venter på svar."), field="kind")
    given = {"stratum": stratum, "other": other, "office": office}
    asked = Correction.objects.create(
        participant=participant,
        trial=participant.trial,
        office=participant.office,
        kind=kind,
        reason=reason.strip(),
        details=_details(by, participant, place, CorrectionKind(kind), given),
        asked_by=by,
        asked_at=clock.now(),
    )
    record(by=by, verb="correction_asked", trial=asked.trial.code, subject=participant.number, kind=kind)
    return asked


@action
def decide_correction(*, by: User, correction: Correction, accepted: bool) -> Correction:
    """Accept what an office told, as an event of the log, or turn it down. The slot stays used either way.

    Raises:
        Refusal: `not_allowed`, `same_person`, `already_decided`; those of rooms that must let the person go first.
    """
    require(by, correction.trial, Permission.MANAGE_TRIAL)
    second_person(correction.asked_by, by)
    held: Correction = Correction.objects.select_for_update(of=("self",)).get(pk=correction.pk)
    if held.decided_at:
        raise Refusal("already_decided", _("Noen har allerede tatt stilling til dette."))
    person = correction.participant
    note = _note(correction) if accepted else ""
    if accepted:
        if correction.kind == CorrectionKind.MOVED:
            _move(by, person, correction.details["office"])
        log_event(by=by, trial=correction.trial, kind=EVENTS[CorrectionKind(correction.kind)], participant=person,
                  note=note)  # fmt: skip
    record(by=by, verb="correction_decided", trial=correction.trial.code, subject=person.number, accepted=accepted)
    return correction.changed(decided_by=by, decided_at=clock.now(), accepted=accepted, note=note)


def corrections_in(user: User, trial: Trial) -> "QuerySet[Correction]":
    """Everything told in the trial, what waits first.

    Raises:
        Refusal: `not_allowed`.
    """
    require(user, trial, Permission.SEE_LOG)
    rows = Correction.objects.filter(trial=trial).select_related("participant", "asked_by", "decided_by")
    return rows.order_by("-decided_at", "-asked_at")  # PostgreSQL puts what is not decided first


def corrections_of(participant: Participant) -> list[Correction]:
    """What was told of a participant whom the caller has reached by the right to see."""
    return list(Correction.objects.filter(participant=participant).select_related("asked_by", "decided_by"))


def correction_of(trial: Trial, key: int) -> Correction:
    """One of the trial's corrections.

    Raises:
        Refusal: `not_found`.
    """
    rows = Correction.objects.select_related("participant__trial", "participant__office", "trial", "asked_by")
    found: Correction | None = rows.filter(trial=trial, pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke meldingen."))
    return found


def other_offices(participant: Participant) -> list[Office]:
    """The offices of the trial that the participant could have moved to; the own plane does not see them."""
    with entered(DRAW):
        rows = Office.objects.filter(trial=participant.trial).exclude(pk=participant.office_id)
        return list(rows.select_related("nav_office"))


def strata_for(participant: Participant) -> list[str]:
    """The strata of the protocol that the participant could have belonged to instead of the own one."""
    with entered(DRAW):
        strata: list[str] = Document.read(locked_protocol(participant.trial).text).content["strata"]
    return [stratum for stratum in strata if stratum != participant.stratum]


def _place_of(participant: Participant) -> Allocation:
    place: Allocation | None = Allocation.objects.filter(participant=participant).first()
    if place is None:
        raise Refusal("not_enrolled", _("Personen har ingen plass i loddtrekningen. Avbryt heller registreringen."))
    return place


def _details(
    by: User, participant: Participant, place: Allocation, kind: CorrectionKind, given: dict[str, str]
) -> dict[str, Any]:
    """What the kind needs, looked up; nothing else is kept."""
    if kind == CorrectionKind.WRONG_STRATUM:
        if given["stratum"] not in strata_for(participant):
            raise Refusal("unknown_stratum", _("Velg stratumet personen skulle vært i."), field="stratum", status=422)
        return {"stratum": given["stratum"], "drawn_in": place.stratum}
    if kind == CorrectionKind.DUPLICATE:
        return {"other": _other_number(participant, given["other"])}
    if kind == CorrectionKind.MOVED:
        offices = {office.nav_office.number: office for office in other_offices(participant)}
        if given["office"] not in offices:
            raise Refusal("unknown_office", _("Velg kontoret personen har flyttet til."), field="office", status=422)
        tell_move(by, participant)
        with entered(DRAW):
            somebody_sees_at(participant, offices[given["office"]])
        return {"office": given["office"], "name": str(offices[given["office"]])}
    return {}


def _other_number(participant: Participant, typed: str) -> str:
    """The number of another place in the same trial, at whichever office."""
    try:
        number = parse_number(typed)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.sentence, field="other", status=422) from refusal
    with entered(DRAW):
        known = Allocation.objects.filter(trial=participant.trial, participant__number=number)
        if number == participant.number or not known.exists():
            raise Refusal(
                "unknown_number", _("Skriv det andre deltakernummeret personen har."), field="other", status=422
            )
    return number


def _move(by: User, participant: Participant, number: str) -> None:
    """Carry the person's rows to the new office. The place in the draw keeps its stratum and the office it was in."""
    tell_move(by, participant)
    with entered(DRAW), connection.cursor() as cursor:
        office = Office.objects.get(trial=participant.trial, nav_office__number=number)
        somebody_sees_at(participant, office)
        cursor.execute("SELECT allocation_move_person(%s, %s)", [participant.pk, office.pk])


def _note(correction: Correction) -> str:
    """What the event's hash stands for: the reason and its details, as an auditor can be shown them."""
    said = {"kind": correction.kind, "reason": correction.reason, "details": correction.details}
    return canonical_json(said).decode()
