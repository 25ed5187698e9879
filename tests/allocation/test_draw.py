"""The draw: a place first, an arm after it; the same answer under the same key; a named refusal for everything else."""

import pytest
from django.core.management import call_command

from evaluation.canonical import canonical_json
from tests.allocation.random_protocols import open_up
from tests.allocation.trials import SEED, DrawCast, drawing, locked
from tests.cast import acting
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.allocation.actions import checkpoint, draw, draw_waiting, finish_unattended
from trial.allocation.contributions import commitment_of
from trial.allocation.models import Allocation, LogLeaf
from trial.allocation.queries import waiting_for
from trial.allocation.receipts import receipt_holds
from trial.audit.guards import writing
from trial.audit.outbox import send_all
from trial.enrolment.actions import publish_consent_form, withdraw
from trial.enrolment.models import Participant
from trial.enrolment.states import Withdrawal
from trial.studies.actions import close_recruitment, start_recruiting

pytestmark = pytest.mark.slow


def kinds(trial) -> list[str]:
    return list(LogLeaf.objects.filter(trial=trial).order_by("seq").values_list("kind", flat=True))


def test_someone_enrolled_waits_for_the_draw_and_has_no_arm(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    place = drawn_trial.enrol(person)
    assert place.arm is None
    assert person.state == "enrolled"
    assert (place.stratum, place.position) == ("Moss", 0)


def test_the_researcher_draws_for_whoever_waits_in_the_order_of_positions(drawn_trial: DrawCast):
    people = drawn_trial.people(20)
    for person in people:
        drawn_trial.enrol(person)
    drawn = drawn_trial.draw()
    assert [each.position for each in drawn] == list(range(20))
    assert all(each.arm.code in ("intervention", "control") for each in drawn)
    with acting(drawn_trial.cast.researcher):
        assert kinds(drawn_trial.trial) == ["PROTOCOL", *["ENROL"] * 20, *["ALLOC"] * 20]


def test_the_office_sees_the_arm_and_a_receipt_that_holds(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    drawn_trial.enrol(person)
    drawn_trial.draw()
    with acting(drawn_trial.cast.kari):
        place = Allocation.objects.select_related("arm").get(participant=person)
        assert Participant.objects.get(pk=person.pk).state == "allocated"
    with acting(drawn_trial.cast.researcher):
        public_key = checkpoint(by=drawn_trial.cast.researcher, trial=drawn_trial.trial).public_key
    assert place.receipt["leaf"]["arm"] == place.arm.code
    assert receipt_holds(place.receipt, public_key)
    forged = {**place.receipt, "leaf": {**place.receipt["leaf"], "arm": "other"}}
    assert not receipt_holds(forged, public_key)
    assert not receipt_holds(place.receipt, "00" * 32)


def test_an_unattended_draw_is_made_at_once(unattended_trial: DrawCast):
    place = unattended_trial.enrol(unattended_trial.people()[0])
    assert place.arm is not None
    assert place.participant.state == "allocated"


def test_someone_who_has_a_place_keeps_it(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    first = drawn_trial.enrol(person, key="first")
    second = drawn_trial.enrol(person, key="second")
    assert second.enrol_seq == first.enrol_seq
    with acting(drawn_trial.cast.researcher):
        assert kinds(drawn_trial.trial) == ["PROTOCOL", "ENROL"]


def test_a_key_used_for_someone_else_is_refused(drawn_trial: DrawCast):
    one, other = drawn_trial.people(2)
    drawn_trial.enrol(one, key="same")
    with pytest.raises(Refusal) as refusal:
        drawn_trial.enrol(other, key="same")
    assert (refusal.value.code, refusal.value.status) == ("key_reused", 422)


def shares_of(trial: DrawCast) -> dict[str, str]:
    researcher = trial.cast.researcher
    with acting(researcher):
        waiting = waiting_for(researcher, trial.trial)
    contexts = [context for each in waiting for context in each.contexts]
    return {canonical_json(context).decode(): trial.contribute(context).hex() for context in contexts}


def draw_by(trial: DrawCast, **changes) -> str:
    given = {
        "by": trial.cast.researcher,
        "trial": trial.trial,
        "commitment": commitment(trial),
        "contributions": shares_of(trial),
        "idempotency_key": "draw-1",
    } | changes
    with acting(given["by"]):
        return draw(**given)


def commitment(trial: DrawCast) -> str:
    return commitment_of(trial.trial.code, SEED)


def test_the_same_key_gets_the_same_answer_byte_for_byte(drawn_trial: DrawCast):
    drawn_trial.enrol(drawn_trial.people()[0])
    shares = shares_of(drawn_trial)
    first = draw_by(drawn_trial, contributions=shares)
    assert draw_by(drawn_trial, contributions=shares) == first
    with pytest.raises(Refusal) as refusal:
        draw_by(drawn_trial, contributions={})
    assert refusal.value.code == "key_reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"commitment": "00" * 32}, "wrong_key"),
        ({"contributions": {"x": "zz"}}, "malformed_share"),
        ({"contributions": {"x": 5}}, "malformed_share"),
        ({"idempotency_key": ""}, "key_missing"),
    ],
)
def test_a_draw_that_cannot_be_right_is_refused_and_nothing_is_written(drawn_trial: DrawCast, changes, code):
    drawn_trial.enrol(drawn_trial.people()[0])
    with pytest.raises(Refusal) as refusal:
        draw_by(drawn_trial, **changes)
    assert refusal.value.code == code
    with acting(drawn_trial.cast.researcher):
        assert kinds(drawn_trial.trial) == ["PROTOCOL", "ENROL"]


@pytest.mark.parametrize("who", ["kari", "analyst", "auditor", "lead"])
def test_nobody_but_the_researcher_draws(drawn_trial: DrawCast, who):
    drawn_trial.enrol(drawn_trial.people()[0])
    with pytest.raises(Refusal) as refusal:
        draw_by(drawn_trial, by=getattr(drawn_trial.cast, who), contributions={})
    assert refusal.value.code == "not_allowed"


def test_another_offices_person_cannot_be_enrolled(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    with pytest.raises(Refusal, match="not_allowed"):
        drawn_trial.enrol(person, by=drawn_trial.cast.hanne)


def test_the_size_of_a_later_block_is_not_asked_for_before_its_first_number_waits(drawn_trial: DrawCast):
    for person in drawn_trial.people(12):
        drawn_trial.enrol(person)
    researcher = drawn_trial.cast.researcher
    with acting(researcher):
        waiting = waiting_for(researcher, drawn_trial.trial)
    asked = [context[2:] for each in waiting for context in each.contexts]
    assert asked == [["block", 0], *[["draw", position] for position in range(8)]]
    assert [each.contexts for each in waiting[8:]] == [[]] * 4


def test_a_number_without_its_contribution_goes_on_waiting(drawn_trial: DrawCast):
    for person in drawn_trial.people(3):
        drawn_trial.enrol(person)
    shares = shares_of(drawn_trial)
    missing = next(context for context in shares if '"draw",1]' in context)
    answer = draw_by(drawn_trial, contributions={key: share for key, share in shares.items() if key != missing})
    assert '"waiting":2' in answer


def test_an_enrolment_cut_off_before_its_arm_is_finished_with_the_same_position(
    unattended_trial: DrawCast, monkeypatch
):
    person = unattended_trial.people()[0]
    monkeypatch.setattr("trial.allocation.actions._draw_at_once", lambda allocation, **_: allocation)
    assert unattended_trial.enrol(person).arm is None
    monkeypatch.undo()
    drawn = finish_unattended(trial=unattended_trial.trial)
    assert [(each.position, each.arm is not None) for each in drawn] == [(0, True)]
    assert finish_unattended(trial=unattended_trial.trial) == []


def test_a_trial_that_waits_for_its_beacon_keeps_no_other_from_being_finished(
    unattended_trial: DrawCast, monkeypatch, capsys
):
    other = drawing("a-first", beacon="drand 5000000")
    other.enrol(*other.people())
    person = unattended_trial.people()[0]
    monkeypatch.setattr("trial.allocation.actions._draw_at_once", lambda allocation, **_: allocation)
    unattended_trial.enrol(person)
    monkeypatch.undo()
    call_command("allocation_finish")
    told = capsys.readouterr()
    assert (told.out, told.err) == (f"{unattended_trial.trial.code}: 1 finished\n", "a-first: beacon_missing\n")


def test_nothing_is_left_to_finish_before_recruitment_and_after_the_opening(db, simulated_clock):
    trial = locked(mode="unattended")
    assert finish_unattended(trial=trial.trial) == []
    with acting(trial.cast.lead):
        start_recruiting(by=trial.cast.lead, trial=trial.trial)
    open_up(trial)
    assert finish_unattended(trial=trial.trial) == []


def test_a_researcher_without_waiting_numbers_draws_nothing(drawn_trial: DrawCast):
    researcher = drawn_trial.cast.researcher
    with acting(researcher):
        assert draw_waiting(by=researcher, trial=drawn_trial.trial, contribute=drawn_trial.contribute) == []


def test_a_withdrawal_after_the_draw_stands_in_the_log_and_keeps_the_arm(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    drawn_trial.enrol(person)
    drawn_trial.draw()
    kari = drawn_trial.cast.kari
    with acting(kari):
        withdraw(by=kari, participant=person, meaning=Withdrawal.NEW_DATA)
        assert Allocation.objects.get(participant=person).arm is not None
    with acting(drawn_trial.cast.auditor):
        assert kinds(drawn_trial.trial) == ["PROTOCOL", "ENROL", "ALLOC", "EVENT"]


def test_enrolling_needs_the_gate_to_be_open(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    lead = drawn_trial.cast.lead
    with acting(lead):
        close_recruitment(by=lead, trial=drawn_trial.trial)
    with pytest.raises(Refusal) as refusal:
        drawn_trial.enrol(person)
    assert refusal.value.code == "trial_not_recruiting"


def test_a_list_that_is_used_up_refuses_before_it_takes_a_place(db, simulated_clock):
    trial = drawing(mode="unattended", method={"kind": "fixed_counts", "counts": {"intervention": 1, "control": 1}})
    people = trial.people(3)
    arms = sorted(trial.enrol(person).arm.code for person in people[:2])
    assert arms == ["control", "intervention"]
    with pytest.raises(Refusal) as refusal:
        trial.enrol(people[2])
    assert refusal.value.code == "list_exhausted"


def refused(trial: DrawCast, person: Participant, code: str) -> None:
    """A named refusal with a sentence, and nothing written."""
    before = (kinds_now(trial), person.state)
    with pytest.raises(Refusal) as refusal:
        trial.enrol(person)
    assert refusal.value.code == code
    assert str(refusal.value.sentence).endswith(".")
    with maintenance():
        assert not Allocation.objects.filter(participant=person).exists()
        assert (kinds_now(trial), Participant.objects.get(pk=person.pk).state) == before


def kinds_now(trial: DrawCast) -> list[str]:
    with maintenance():
        return kinds(trial.trial)


def changed(person: Participant, **values: object) -> Participant:
    """What only a defect could do to a participant after the registration."""
    with maintenance(), writing():
        return person.changed(**values)


def test_a_stratum_that_the_protocol_lacks_is_refused(drawn_trial: DrawCast):
    refused(drawn_trial, changed(drawn_trial.people()[0], stratum="Oslo"), "unknown_stratum")


def test_a_missing_factor_is_refused(db, simulated_clock):
    method = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
    trial = drawing(factors={"sex": ["man", "woman"]}, method=method, planned_size=20)
    person = changed(trial.people(sex="man")[0], factors={})
    refused(trial, person, "factor_missing")


def test_a_consent_to_an_older_form_is_refused(drawn_trial: DrawCast):
    person, lead = drawn_trial.people()[0], drawn_trial.cast.lead
    with acting(lead):
        publish_consent_form(by=lead, trial=drawn_trial.trial, text={"nb": "Ny tekst."}, covers=[])
    refused(drawn_trial, person, "consent_outdated")


def test_the_researcher_hears_by_mail_that_numbers_wait_and_not_which(drawn_trial: DrawCast, mailoutbox):
    researcher, person = drawn_trial.cast.researcher, drawn_trial.people()[0]
    with maintenance():
        researcher.email = "forsker@example.org"
        researcher.save(update_fields=["email"])
    drawn_trial.enrol(person)
    send_all()
    (mail,) = [mail for mail in mailoutbox if mail.to == ["forsker@example.org"]]
    assert mail.subject == "Numre venter på loddtrekning"
    assert "se-klar" in mail.body
    assert person.number not in mail.body + mail.subject
