"""Opening waves, sending links, taking answers in. What respondents do stands here too; `by` is then None."""

from collections.abc import Mapping

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.models import Participant
from trial.enrolment.queries import contact_of
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.states import TrialState
from trial.surveys import sending
from trial.surveys.instruments import asked, fault
from trial.surveys.links import address_of, hash_of, new_code
from trial.surveys.models import Answer, Channel, Entry, Instrument, Invitation, Link, Wave
from trial.surveys.queries import answers_of, consenting, instruments_of, may_answer, newly_due
from trial.surveys.states import UNANSWERED, InvitationState, next_state, wrong_state
from trial.surveys.windows import is_due

Answers = Mapping[tuple[str, str], str]  # (instrument code, item code) -> answer
ASKS = (TrialState.RECRUITING, TrialState.CLOSED)
SENTENCES = {
    "impossible_answer": _("Velg et av svarene."),
    "answer_too_long": _("Svaret er for langt. Skriv høyst 1000 tegn."),
    "national_id_in_text": _("Ikke skriv fødselsnummer her."),
}


@action
def open_waves(*, by: User | None, trial: Trial) -> int:
    """Open every wave for everyone whose window has come and whose consent covers it; the number opened.

    Safe to run at any time: a wave opens once for a person. A user opens those of the own offices, as far as the
    plane's rows reach.
    """
    if by:
        require(by, trial, Permission.SURVEY)
    if trial.state not in ASKS:
        return 0
    found = [invitation for wave in trial.waves.all() for invitation in _opening(wave, trial)]
    Invitation.objects.bulk_create(found, ignore_conflicts=True)
    if found:
        record(by=by, verb="waves_opened", trial=trial.code, number=len(found))
    return len(found)


def _opening(wave: Wave, trial: Trial) -> list[Invitation]:
    if not wave.instruments:
        return []
    return [
        Invitation(
            trial=trial,
            office=participant.office,
            participant=participant,
            wave=wave,
            opens=window.opens,
            closes=window.closes,
        )
        for participant, window in newly_due(wave, trial, clock.today())
    ]


@action
def send_due(*, by: None, invitation: Invitation) -> bool:
    """Send the first message or the reminder that is due; False when none is, or a letter is the only way.

    Raises:
        one of `sending.FAILURES`: when the message did not leave; nothing is kept of the attempt.
    """
    invitation = _locked(invitation)
    wave = invitation.wave
    if not is_due(invitation.window, invitation.asked, wave.reminders, clock.today(), invitation.asked_on):
        return False
    channel, to = sending.channel_of(contact_of(invitation.participant))
    if channel == Channel.PAPER or invitation.state not in UNANSWERED:
        return False
    code = _new_link(by, invitation, channel)
    _asked(by, invitation, channel)
    sending.deliver(channel, to, _message(invitation, code))
    return True


@action
def send_link(*, by: User, invitation: Invitation) -> Channel:
    """Send a link now, whatever has been sent before; the way it went.

    Raises:
        Refusal: `not_allowed`, `already_answered`, `survey_stopped`, `wrong_survey_state`, `survey_closed`,
            `no_consent`, `no_address`, `not_sent`.
    """
    invitation = _begin(by, invitation)
    _may_ask(invitation)
    channel, to = sending.channel_of(contact_of(invitation.participant))
    if channel == Channel.PAPER:
        raise Refusal("no_address", _("Personen har verken e-post eller mobilnummer. Skriv ut brevet i stedet."))
    code = _new_link(by, invitation, channel)
    _asked(by, invitation, channel)
    try:
        sending.deliver(channel, to, _message(invitation, code))
    except sending.FAILURES as error:
        raise Refusal("not_sent", _("Meldingen ble ikke sendt. Prøv igjen senere, eller skriv ut brevet.")) from error
    return channel


@action
def make_letter(*, by: User, invitation: Invitation) -> str:
    """A new code for the letter that the office prints, or for a screen at the office; it is shown once.

    Raises:
        Refusal: `not_allowed`, `already_answered`, `survey_stopped`, `wrong_survey_state`, `survey_closed`,
            `no_consent`.
    """
    invitation = _begin(by, invitation)
    _may_ask(invitation)
    code = _new_link(by, invitation, Channel.PAPER)
    _asked(by, invitation, Channel.PAPER)
    return code


@action
def save_answers(*, by: None, invitation: Invitation, answers: Answers) -> Invitation:
    """Keep what the respondent has answered so far; an empty answer takes an earlier one back.

    Raises:
        Refusal: `unknown_question`, or the code of the fault, at the field `instrument-item`; `survey_closed`,
            `survey_stopped`, `already_answered`.
    """
    invitation = _open(invitation)
    _possible(instruments_of(invitation.wave), answers)
    _keep(invitation, Entry.OWN, answers, by=None)
    if invitation.state == InvitationState.OPENED:
        invitation.changed(state=next_state(invitation.state, InvitationState.BEGUN), begun_at=clock.now())
    return invitation


@action
def submit(*, by: None, invitation: Invitation, answers: Answers | None = None) -> Invitation:
    """Hand the answers in, with the last of them; what was answered to questions that are not asked is taken out.

    Raises:
        Refusal: as `save_answers`, and `nothing_answered`.
    """
    invitation = save_answers(by=None, invitation=invitation, answers=answers or {})
    given = answers_of(invitation, Entry.OWN)
    counting = _counting(instruments_of(invitation.wave), given)
    if not counting:
        raise Refusal("nothing_answered", _("Du har ikke svart på noe ennå."))
    _keep(invitation, Entry.OWN, dict.fromkeys(given.keys() - counting, ""), by=None)
    return _answered(None, invitation, Entry.OWN)


@action
def type_answers(*, by: User, invitation: Invitation, answers: Answers) -> Invitation:
    """Type the answers of a paper: once by one person, once by another who does not see the first.

    When the two agree the answers count; when they differ, `settle` decides with the paper at hand.

    Raises:
        Refusal: `not_allowed`, `already_answered`, `survey_stopped`, `wrong_survey_state`, `same_person_twice`,
            `nothing_answered`, or the fault of an answer.
    """
    invitation = _begin(by, invitation)
    first = invitation.state != InvitationState.TYPED
    if not first and invitation.typed_by_id == by.pk:
        raise Refusal("same_person_twice", _("En kollega må skrive inn svarene andre gang."))
    instruments = instruments_of(invitation.wave)
    given = _given(instruments, answers)
    if first:
        _typed(by, invitation, given)
        return invitation
    next_state(invitation.state, InvitationState.ANSWERED)
    _keep(invitation, Entry.SECOND, given, by=by)
    if answers_of(invitation, Entry.FIRST) != {key: value for key, value in given.items() if value}:
        return invitation.changed(state=next_state(invitation.state, InvitationState.DIFFERING))
    _keep(invitation, Entry.AGREED, given, by=by)
    return _answered(by, invitation, Entry.AGREED)


@action
def settle(*, by: User, invitation: Invitation, answers: Answers) -> Invitation:
    """Decide what the paper says where the two typings differ; `answers` holds those questions only.

    Raises:
        Refusal: `not_allowed`, `wrong_survey_state`, `nothing_answered`, or the fault of an answer.
    """
    invitation = _begin(by, invitation)
    if invitation.state != InvitationState.DIFFERING:
        raise wrong_state(invitation.state)
    _possible(instruments_of(invitation.wave), answers)
    agreed = answers_of(invitation, Entry.FIRST) | dict(answers)
    counting = _counting(instruments_of(invitation.wave), agreed)
    if not counting:
        raise Refusal("nothing_answered", _("Skriv inn minst ett svar."), status=422)
    _keep(invitation, Entry.AGREED, {key: agreed[key] for key in counting}, by=by)
    return _answered(by, invitation, Entry.AGREED)


@action
def stop_waves(*, by: User, participant: Participant) -> int:
    """Stop every questionnaire of a person that is not answered; the number stopped."""
    rows = Invitation.objects.filter(participant=participant, state__in=UNANSWERED)
    return rows.update(state=InvitationState.STOPPED.value)


def _begin(by: User, invitation: Invitation) -> Invitation:
    require(by, invitation.trial, Permission.SURVEY, invitation.office)
    return _locked(invitation)


def _may_ask(invitation: Invitation) -> None:
    """Refuse what the round would not do either: asking someone whose consent has come to cover no questionnaires."""
    next_state(invitation.state, InvitationState.BEGUN)
    if not invitation.window.holds(clock.today()):
        raise Refusal(
            "survey_closed",
            _("Fristen for å svare gikk ut %(day)s. Har personen levert et papir, kan det fortsatt skrives inn.")
            % {"day": date_format(invitation.closes, "SHORT_DATE_FORMAT")},
        )
    if not consenting(invitation.trial).filter(pk=invitation.participant_id).exists():
        raise Refusal("no_consent", _("Personen har ikke lenger et samtykke som dekker spørreskjemaer."))


def _open(invitation: Invitation) -> Invitation:
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("wave").get(pk=invitation.pk)
    may_answer(invitation, clock.today())
    return invitation


def _locked(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",))
    return rows.select_related("wave", "trial", "participant", "office").get(pk=invitation.pk)


def _new_link(by: User | None, invitation: Invitation, channel: Channel) -> str:
    code = new_code()
    Link.objects.create(
        trial=invitation.trial,
        office=invitation.office,
        invitation=invitation,
        channel=channel,
        sha256=hash_of(code),
        made_at=clock.now(),
        made_by=by,
    )
    return code


def _asked(by: User | None, invitation: Invitation, channel: Channel) -> None:
    invitation.changed(asked=invitation.asked + 1, asked_on=clock.today())
    record(
        by=by,
        verb="survey_sent",
        trial=invitation.trial.code,
        subject=invitation.participant.number,
        wave=invitation.wave.code,
        channel=channel.value,
    )


def _message(invitation: Invitation, code: str) -> dict[str, object]:
    """What a message says: in bokmål, without a name, a number or what the trial is about."""
    with override("nb"):
        return {
            "trial": invitation.trial.name,
            "address": address_of(code),
            "closes": date_format(invitation.closes, "SHORT_DATE_FORMAT"),
            "reminder": invitation.asked > 1,
        }


def _given(instruments: list[Instrument], answers: Answers) -> dict[tuple[str, str], str]:
    """The answers that count, all of them possible and at least one."""
    _possible(instruments, answers)
    counting = _counting(instruments, answers)
    if not counting:
        raise Refusal("nothing_answered", _("Skriv inn minst ett svar."), status=422)
    return {key: answers[key] for key in counting}


def _possible(instruments: list[Instrument], answers: Answers) -> None:
    items = {(instrument.code, item.code): item for instrument in instruments for item in instrument.questions}
    for (instrument, code), answer in answers.items():
        if (instrument, code) not in items:
            raise Refusal("unknown_question", _("Spørsmålet finnes ikke i dette spørreskjemaet."), status=422)
        wrong = fault(items[instrument, code], answer)
        if wrong:
            raise Refusal(wrong, SENTENCES[wrong], field=f"{instrument}-{code}", status=422)


def _counting(instruments: list[Instrument], answers: Answers) -> set[tuple[str, str]]:
    """The answered questions that are asked, given the answers that their conditions look at."""
    found = set()
    for instrument in instruments:
        own = {item: value for (code, item), value in answers.items() if code == instrument.code}
        found |= {(instrument.code, item.code) for item in asked(instrument.questions, own) if own.get(item.code)}
    return found


def _keep(invitation: Invitation, entry: Entry, answers: Answers, *, by: User | None) -> None:
    """Write the answers of an entry in one statement, over those that were there."""
    rows = [
        Answer(
            trial_id=invitation.trial_id,
            office_id=invitation.office_id,
            invitation=invitation,
            entry=entry,
            instrument=instrument,
            item=item,
            value=value,
            saved_at=clock.now(),
            saved_by=by,
        )
        for (instrument, item), value in answers.items()
    ]
    changing = ["value", "saved_at"] + (["saved_by"] if by else [])
    Answer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["invitation", "entry", "instrument", "item"],
        update_fields=changing,
    )


def _typed(by: User, invitation: Invitation, given: Answers) -> None:
    state = next_state(invitation.state, InvitationState.TYPED)
    _keep(invitation, Entry.FIRST, given, by=by)
    invitation.changed(state=state, typed_at=clock.now(), typed_by=by)
    _tell(by, invitation, "survey_typed")


def _answered(by: User | None, invitation: Invitation, entry: Entry) -> Invitation:
    state = next_state(invitation.state, InvitationState.ANSWERED)
    invitation.changed(state=state, answered_at=clock.now(), final_entry=entry.value)
    _tell(by, invitation, "survey_answered")
    return invitation


def _tell(by: User | None, invitation: Invitation, verb: str) -> None:
    """The audit line; a respondent's plane knows the trial's code, and no participant number."""
    code = Trial.objects.values_list("code", flat=True).get(pk=invitation.trial_id)
    record(by=by, verb=verb, trial=code, subject=str(invitation.key), wave=invitation.wave.code)
