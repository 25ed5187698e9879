"""What job specialists record: measures, contacts, stages, principles. Each verb locks the participant first."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.models import Participant
from trial.followup import policies, steps
from trial.followup.actions.deviations import note_contamination, note_measure
from trial.followup.facts import ContactFacts, MeasureFacts, keep_clear
from trial.followup.models import Contact, Counterpart, Employer, Measure, PrincipleMark, StageSpell
from trial.followup.policies import Verdict
from trial.followup.queries import arm_of
from trial.followup.scales import Principle
from trial.followup.sentences import obey
from trial.followup.states import next_stage
from trial.studies.permissions import require


@action
def record_measure(
    *, by: User, participant: Participant, code: str, start: date, end: date | None = None, provider: str = ""
) -> Measure:
    """Record a labour market measure by its Arena code, both days included; no `end`: still going on.

    The same measure recorded twice by the same user is one: a form was sent twice.
    A code that the protocol does not allow for the person's arm is recorded all the same, as a deviation: what
    happened has happened.

    Raises:
        Refusal: `not_followed`, `unknown_code`, `code_not_valid`, `in_future`, `end_before_start`,
            `measure_overlaps`, `measure_group_overlaps`.
    """
    participant = steps.begin_following(by, participant)
    facts = MeasureFacts(code, start, end, provider.strip())
    sent = participant.measures.filter(**vars(facts), recorded_by=by).first()
    if sent:
        return sent
    facts.check(participant)
    measure = Measure.objects.create(
        **steps.whose(participant), **facts.columns(), recorded_at=clock.now(), recorded_by=by
    )
    record(by=by, verb="measure_recorded", trial=participant.trial.code, subject=participant.number, code=code)
    note_measure(participant, measure)
    return measure


@action
def end_measure(*, by: User, measure: Measure, end: date) -> Measure:
    """Set the last day of a measure that is going on, or of one whose planned end lies ahead.

    Raises:
        Refusal: `measure_ended` when someone has ended it already; `changed_meanwhile`, `end_before_start`,
            `in_future`, `measure_overlaps`, `measure_group_overlaps`.
    """
    participant = steps.begin_following(by, measure.participant)
    measure = Measure.ever.select_for_update().get(pk=measure.pk)
    if measure.retracted_at:
        steps.refuse_changed(field="end")
    if (measure.end, measure.ended_by_id) == (end, by.pk) and measure.ended_at:
        return measure  # a form sent twice
    if measure.ended_at is not None:
        raise Refusal("measure_ended", _("Tiltaket er allerede avsluttet. Last siden på nytt."), field="end")
    obey(policies.decide_day(end, clock.today()), field="end")
    obey(policies.decide_spell(start=measure.start, end=end, today=clock.today()))
    keep_clear(participant, measure.code, measure.group, (measure.start, end), but=measure, field="end")
    measure.changed(end=end, ended_at=clock.now(), ended_by=by, version=measure.version + 1)
    record(by=by, verb="measure_ended", trial=participant.trial.code, subject=participant.number, code=measure.code)
    return measure


@action
def log_contact(
    *,
    by: User,
    participant: Participant,
    kind: str,
    minutes: int,
    day: date | None = None,
    counterpart: str = Counterpart.PARTICIPANT,
    employer: Employer | None = None,
    note: str = "",
    key: UUID | None = None,
    in_control: bool = False,
) -> Contact:
    """Log one contact on `day` (today). The same `key` logged twice by the same user is one contact; another contact
    needs a key of its own.

    `in_control`: the specialist knows that the person is in the control group and the contact took place all the
    same; it is kept with the deviation that it is.

    Raises:
        Refusal: `control_contacted`, `not_assigned`, `unknown_kind`, `other_office`, `in_future`,
            `minutes_out_of_range`, `national_id_in_text`, `key_taken`.
    """
    contaminates = _contaminates(by, participant)
    facts = ContactFacts(kind, counterpart, employer, day or clock.today(), minutes, note.strip())
    participant = steps.begin_following(by, participant, note=note, own=not contaminates)
    key = key or uuid4()
    known = Contact.ever.filter(pk=key, participant=participant, logged_by=by).select_related("employer").first()
    if known:
        if ContactFacts.of(known) != replace(facts, day=day or known.day):
            raise steps.key_taken()
        return known
    if not contaminates:
        steps.present_assignment(participant)
    elif not in_control:
        obey(Verdict.CONTROL_CONTACTED)
    facts.check(participant)
    with steps.own_key():
        contact = Contact.objects.create(
            **steps.whose(participant), **facts.columns(), key=key, logged_at=clock.now(), logged_by=by
        )
    record(by=by, verb="contact_logged", trial=participant.trial.code, subject=participant.number, kind=str(kind))
    if contaminates:
        note_contamination(participant, facts.day)
    return contact


@action
def move_stage(
    *, by: User, participant: Participant, stage: str, present: str = "", day: date | None = None
) -> StageSpell:
    """Move a participant to another stage of supported employment from `day` (today).

    `present`: the stage that the one who moves has seen, so that two who move at once do not move twice.

    Raises:
        Refusal: `not_assigned`, `unknown_stage`, `wrong_stage`, `changed_meanwhile`, `in_future`, `before_the_stage`.
    """
    participant = steps.begin_following(by, participant)
    steps.present_assignment(participant)
    spell, day = participant.stages.get(end=None), day or clock.today()
    if present and (spell.stage, spell.start, spell.moved_by_id) == (stage, day, by.pk):
        return spell  # a form sent twice
    if present and spell.stage != present:
        steps.refuse_changed(field="stage")
    wanted = next_stage(spell.stage, stage)
    obey(policies.decide_day(day, clock.today()), field="day")
    if day < spell.start:
        raise Refusal(
            "before_the_stage", _("Datoen er før deltakeren kom til fasen den er i nå."), field="day", status=422
        )
    spell = steps.enter_stage(by, participant, wanted, day)
    record(by=by, verb="stage_moved", trial=participant.trial.code, subject=participant.number, stage=wanted.value)
    return spell


@action
def mark_principles(
    *, by: User, participant: Participant, principles: list[str], note: str = "", seen: list[str] | None = None
) -> list[PrincipleMark]:
    """Set which of IPS's principles are attended to for a person; those left out are taken back.

    `note`: about those that are marked now. `seen`: those that were marked when the user read them; None: just now.

    Raises:
        Refusal: `not_followed`, `unknown_kind`, `national_id_in_text`, `changed_meanwhile`, `note_of_nothing`.
    """
    participant = steps.begin_following(by, participant, note=note)
    for principle in principles:
        steps.one_of(Principle, principle, "principles")
    marked = {mark.principle: mark for mark in participant.principles.filter(cancelled=False)}
    if set(principles) == marked.keys():
        _note_kept(by, marked.values(), note)
        return []  # a form sent twice, or without a change
    if seen is not None and set(seen) != marked.keys():
        steps.refuse_changed(field="principles")
    if not set(principles) - marked.keys():
        _note_kept(by, (), note)
    for principle in marked.keys() - set(principles):
        marked[principle].changed(cancelled=True)
    made = [
        PrincipleMark.objects.create(
            **steps.whose(participant), principle=each, note=note.strip(), marked_at=clock.now(), marked_by=by
        )
        for each in principles
        if each not in marked
    ]
    record(
        by=by,
        verb="principles_marked",
        trial=participant.trial.code,
        subject=participant.number,
        principles=sorted(principles),
    )
    return made


def _note_kept(by: User, marks: Iterable[PrincipleMark], note: str) -> None:
    """Refuse a note that no mark carries, where none is made that could."""
    if note.strip() and not any((mark.note, mark.marked_by_id) == (note.strip(), by.pk) for mark in marks):
        raise Refusal(
            "note_of_nothing",
            _("Notatet hører til prinsippene du merker av nå. Merk av et prinsipp til, eller la notatet være tomt."),
            field="note",
            status=422,
        )


def _contaminates(by: User, participant: Participant) -> bool:
    """Whether logging this would be contact with the control group, by someone who may follow people up here."""
    require(by, participant.trial, Permission.FOLLOW_UP, participant.office)
    arm = arm_of(participant)
    return arm is not None and arm.is_control
