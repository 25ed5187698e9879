"""Questions, person, consent: what is kept, what is refused, and that nothing is kept of what is refused."""

import pytest

from tests.cast import ELIGIBLE, OPTIONAL, REGISTERS, acting, recruiting
from tests.factories import checked, consented, registered, synthetic_person
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.models import AuditEvent
from trial.enrolment import actions, policies
from trial.enrolment.models import Consent, EligibilityCheck, Participant
from trial.enrolment.states import Withdrawal
from trial.identity.models import IdentityRecord, Person
from trial.identity.queries import find, person_of
from trial.studies.actions import close_recruitment

pytestmark = pytest.mark.slow


def refused(code, action, *, by, **arguments):
    """The refusal with which an action answers; fails when it answers otherwise."""
    with pytest.raises(Refusal) as answer, acting(by):
        action(by=by, **arguments)
    assert answer.value.code == code
    return answer.value


class TestEligibility:
    def test_all_answers_as_required_make_someone_eligible(self, cast):
        assert checked(cast).eligible is True

    def test_open_questions_leave_it_open_and_can_be_answered_later(self, cast):
        with acting(cast.kari):
            begun = actions.check_eligibility(by=cast.kari, office=cast.moss, answers={"wants_work": True})
            assert begun.eligible is None
            finished = actions.check_eligibility(by=cast.kari, office=cast.moss, answers=ELIGIBLE, check=begun)
        assert finished.pk == begun.pk
        assert finished.eligible is True

    @pytest.mark.parametrize("code", ELIGIBLE)
    def test_any_wrong_answer_closes_the_way_and_is_counted_without_identity(self, cast, code):
        with acting(cast.kari):
            answers = ELIGIBLE | {code: not ELIGIBLE[code]}
            check = actions.check_eligibility(by=cast.kari, office=cast.moss, answers=answers)
        assert check.eligible is False
        refused("not_eligible", actions.register_person, by=cast.kari, check=check, person=synthetic_person())
        with maintenance():
            assert EligibilityCheck.objects.filter(eligible=False).count() == 1
            assert IdentityRecord.objects.count() == 0

    def test_a_name_typed_before_the_way_closed_is_erased(self, cast):
        check = checked(cast)
        with acting(cast.kari):
            actions.save_person_draft(by=cast.kari, check=check, person=Person(name="Nora"))
            assert person_of(check.key).name == "Nora"
            actions.check_eligibility(by=cast.kari, office=cast.moss, answers=ELIGIBLE | {"in_work": True}, check=check)
            assert person_of(check.key) == Person()

    def test_an_answer_corrected_after_the_name_was_erased_lets_the_person_in(self, cast):
        check = checked(cast)
        with acting(cast.kari):
            actions.save_person_draft(by=cast.kari, check=check, person=Person(name="Nora"), shielded=True)
            for answers in (ELIGIBLE | {"in_work": True}, ELIGIBLE):
                check = actions.check_eligibility(by=cast.kari, office=cast.moss, answers=answers, check=check)
            assert actions.register_person(by=cast.kari, check=check, person=synthetic_person()).number
        with maintenance():
            assert EligibilityCheck.objects.count() == 1, "one person is counted once"
            assert IdentityRecord.objects.filter(key_destroyed_at__isnull=False).count() == 1

    def test_whoever_goes_on_with_a_registration_that_a_colleague_put_away_is_told(self, cast):
        check = checked(cast)
        with acting(cast.kari):
            actions.discard_check(by=cast.kari, check=check)
        for go_on in (actions.register_person, actions.save_person_draft):
            refused("registration_discarded", go_on, by=cast.kari, check=check, person=synthetic_person())
        with maintenance():
            assert not Participant.objects.exists()
            assert not IdentityRecord.objects.exists()

    def test_an_unknown_level_of_a_factor_is_refused_at_the_field(self, cast):
        answer = refused(
            "unknown_level",
            actions.check_eligibility,
            by=cast.kari,
            office=cast.moss,
            answers=ELIGIBLE,
            factors={"sex": "man"},
        )
        assert answer.field == "sex"

    @pytest.mark.parametrize("who", ["hanne", "jon", "coordinator", "analyst", "outsider"])
    def test_only_the_offices_caseworkers_check(self, cast, who):
        user = getattr(cast, who)
        with pytest.raises(Refusal, match="not_allowed"), maintenance():
            actions.check_eligibility(by=user, office=cast.moss, answers=ELIGIBLE)

    def test_nobody_is_checked_before_recruitment(self, drafted_cast):
        early = drafted_cast
        refused("trial_not_recruiting", actions.check_eligibility, by=early.kari, office=early.moss, answers=ELIGIBLE)

    def test_nobody_is_checked_after_recruitment(self, cast):
        with acting(cast.lead):
            close_recruitment(by=cast.lead, trial=cast.trial)
        cast.moss.trial.refresh_from_db()
        refused("trial_not_recruiting", actions.check_eligibility, by=cast.kari, office=cast.moss, answers=ELIGIBLE)


class TestPerson:
    def test_a_registered_person_has_a_number_of_the_office(self, cast):
        participant = registered(cast)
        assert participant.number.startswith("MOS-")
        assert participant.stratum == "Moss"
        assert participant.state == "registered"

    @pytest.mark.parametrize(
        ("person", "code", "field"),
        [
            (Person(name=" ", national_id=synthetic_person(1).national_id), "name_missing", "name"),
            (Person(name="Nora Testvik", national_id="13097248032"), "invalid_national_id", "national_id"),
            (Person(name="Nora Testvik"), "invalid_national_id", "national_id"),
            (
                Person("Nora 13097248022", synthetic_person(1).national_id),
                "national_id_in_text",
                "name",
            ),
            (
                Person("Nora", synthetic_person(1).national_id, "tlf 130972 48022"),
                "national_id_in_text",
                "contact",
            ),
        ],
    )
    def test_an_incomplete_person_is_refused_at_the_field_and_nothing_is_kept(self, cast, person, code, field):
        check = checked(cast)
        assert refused(code, actions.register_person, by=cast.kari, check=check, person=person).field == field
        with maintenance():
            assert Participant.objects.count() == IdentityRecord.objects.count() == 0

    def test_registering_again_corrects_the_person_and_keeps_the_number(self, cast):
        check = checked(cast)
        with acting(cast.kari):
            first = actions.register_person(by=cast.kari, check=check, person=synthetic_person(5))
            second = actions.register_person(by=cast.kari, check=check, person=synthetic_person(6))
            assert first.number == second.number
            assert person_of(first.key) == synthetic_person(6)

    def test_a_draft_keeps_what_is_typed_and_a_half_number_finds_nobody(self, cast):
        check, typed = checked(cast), Person("Nora", "130972", "nora@example.org")
        with acting(cast.kari):
            actions.save_person_draft(by=cast.kari, check=check, person=typed)
            assert person_of(check.key) == typed
            assert find("130972", trial_code="se-klar") is None

    def test_a_discarded_registration_leaves_a_count_and_no_name(self, cast):
        check = checked(cast)
        with acting(cast.kari):
            actions.save_person_draft(by=cast.kari, check=check, person=Person("Nora"))
            assert actions.discard_check(by=cast.kari, check=check).discarded
            assert person_of(check.key) == Person()

    def test_a_missing_factor_is_refused(self, db, simulated_clock):
        cast = recruiting(factors={"sex": ["man", "woman"]})
        assert registered(cast, sex="man").factors == {"sex": "man"}
        check = checked(cast)
        refused("factor_missing", actions.register_person, by=cast.kari, check=check, person=synthetic_person())

    def test_no_audit_line_holds_personal_data(self, cast):
        person = synthetic_person(9)
        consented(cast, person=person)
        with maintenance():
            lines = [f"{event.subject} {event.details}" for event in AuditEvent.objects.all()]
        assert len(lines) > 5
        assert not [line for line in lines if person.national_id in line or person.name in line]


class TestConsent:
    def test_a_consent_names_version_coverage_who_and_when(self, cast, simulated_clock):
        participant = registered(cast)
        with acting(cast.kari):
            given = actions.give_consent(
                by=cast.kari, participant=participant, form=cast.form, covers=OPTIONAL, paper_reference="Perm 3"
            )
        assert participant.state == "consented"
        assert given.covers == [*REGISTERS, *OPTIONAL]
        assert (given.recorded_by, given.given_at) == (cast.kari, simulated_clock.moment)
        assert len(given.sha256) == 64

    def test_parts_that_are_not_ticked_or_not_asked_for_are_not_covered(self, cast):
        participant = registered(cast)
        with acting(cast.kari):
            given = actions.give_consent(by=cast.kari, participant=participant, form=cast.form, covers=["income"])
        assert given.covers == REGISTERS

    def test_the_same_consent_twice_is_one(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.give_consent(
                by=cast.kari, participant=participant, form=cast.form, covers=[], paper_reference="Perm 1"
            )
            assert Consent.objects.count() == 1

    def test_a_new_version_asks_for_consent_again(self, cast):
        participant = consented(cast)
        with acting(cast.lead):
            newer = actions.publish_consent_form(by=cast.lead, trial=cast.trial, text={"nb": "Ny"}, covers=REGISTERS)
        assert newer.version == 2
        assert newer.sha256 != cast.form.sha256
        with pytest.raises(Refusal, match="consent_outdated"), acting(cast.kari):
            policies.may_enrol(participant)
        refused(
            "consent_outdated",
            actions.give_consent,
            by=cast.kari,
            participant=participant,
            form=cast.form,
            covers=[],
        )
        with acting(cast.kari):
            again = actions.give_consent(by=cast.kari, participant=participant, form=newer, covers=[])
            assert policies.may_enrol(participant) == again

    def test_a_national_id_as_paper_reference_is_refused(self, cast):
        participant = registered(cast)
        answer = refused(
            "national_id_in_text",
            actions.give_consent,
            by=cast.kari,
            participant=participant,
            form=cast.form,
            covers=[],
            paper_reference="13097248022",
        )
        assert answer.field == "paper_reference"

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"text": {"nb": " "}, "covers": REGISTERS}, "consent_text_missing"),
            ({"text": {"nb": "Tekst"}, "covers": ["horoscope"]}, "unknown_coverage"),
            ({"text": {"nb": "Tekst"}, "covers": [], "optional": ["survey"]}, "unknown_coverage"),
        ],
    )
    def test_a_form_without_text_or_with_unknown_coverage_is_refused(self, cast, given, code):
        refused(code, actions.publish_consent_form, by=cast.lead, trial=cast.trial, **given)


class TestWithdrawal:
    def test_stopping_follow_up_keeps_the_consent(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.FOLLOW_UP)
            assert participant.state == "withdrawn"
            assert policies.consent_in_force(participant)

    def test_stopping_new_data_withdraws_the_consent_and_keeps_the_identity(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.NEW_DATA)
            assert policies.consent_in_force(participant) is None
            assert person_of(participant.key).name

    def test_deleting_erases_the_identity_and_keeps_the_number(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
            assert person_of(participant.key) == Person()
            assert Participant.objects.get().number == participant.number

    def test_a_withdrawal_can_go_further_but_not_back_or_twice(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.NEW_DATA)
        for meaning in (Withdrawal.FOLLOW_UP, Withdrawal.NEW_DATA):
            refused("already_withdrawn", actions.withdraw, by=cast.kari, participant=participant, meaning=meaning)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)
            assert person_of(participant.key) == Person()

    def test_rooms_above_hear_of_it_in_the_same_transaction(self, cast, monkeypatch):
        told = []
        monkeypatch.setattr("trial.enrolment.listeners._withdrawal", [lambda by, who: told.append((by, who.number))])
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.FOLLOW_UP)
        assert told == [(cast.kari, participant.number)]

    def test_a_specialist_cannot_record_it(self, cast):
        participant = consented(cast)
        refused("not_allowed", actions.withdraw, by=cast.jon, participant=participant, meaning=Withdrawal.FOLLOW_UP)


class TestGate:
    def test_someone_who_consented_may_be_enrolled(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            assert policies.may_enrol(participant) == participant.consents.get()

    def test_each_obstacle_has_its_name(self, cast):
        someone, withdrawn, enrolled = registered(cast), consented(cast), consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=withdrawn, meaning=Withdrawal.FOLLOW_UP)
            actions.mark_enrolled(by=cast.kari, participant=enrolled)
            for participant, code in [
                (someone, "consent_missing"),
                (withdrawn, "withdrawn"),
                (enrolled, "already_enrolled"),
            ]:
                with pytest.raises(Refusal, match=code):
                    policies.may_enrol(participant)

    def test_answers_changed_after_registration_close_the_gate(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            check = EligibilityCheck.objects.get(pk=participant.key)
            actions.check_eligibility(by=cast.kari, office=cast.moss, answers=ELIGIBLE | {"in_work": True}, check=check)
            with pytest.raises(Refusal, match="not_eligible"):
                policies.may_enrol(participant)

    def test_a_closed_office_and_a_closed_trial_refuse(self, cast):
        participant = consented(cast)
        participant.office.recruits = False
        with acting(cast.kari), pytest.raises(Refusal, match="office_not_recruiting"):
            policies.may_enrol(participant)
        participant.trial.state = "closed"
        with acting(cast.kari), pytest.raises(Refusal, match="trial_not_recruiting"):
            policies.may_enrol(participant)


class TestWayThrough:
    def test_enrolled_drawn_followed_completed(self, cast, simulated_clock):
        participant = consented(cast)
        with acting(cast.kari):
            actions.mark_enrolled(by=cast.kari, participant=participant)
            assert participant.enrolled_at == simulated_clock.moment
            for step in (actions.mark_allocated, actions.mark_following, actions.mark_completed):
                step(by=None, participant=participant)
        assert participant.state == "completed"

    def test_nobody_is_enrolled_twice(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.mark_enrolled(by=cast.kari, participant=participant)
        refused("wrong_participant_state", actions.mark_enrolled, by=cast.kari, participant=participant)

    def test_someone_who_withdrew_while_waiting_stays_withdrawn_when_drawn(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.mark_enrolled(by=cast.kari, participant=participant)
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.FOLLOW_UP)
            actions.mark_allocated(by=None, participant=participant)
        assert participant.state == "withdrawn"
        assert participant.enrolled_at is not None

    def test_a_withdrawn_person_is_not_enrolled(self, cast):
        participant = consented(cast)
        with acting(cast.kari):
            actions.withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.FOLLOW_UP)
        refused("wrong_participant_state", actions.mark_enrolled, by=cast.kari, participant=participant)
