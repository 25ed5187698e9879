"""Norms and fidelity: who counts, from when, against which target; scales as published; counts by arm for some only."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, employer
from trial.access.refusals import Refusal
from trial.audit.clock import SimulatedClock
from trial.followup.actions import (
    appoint_specialist,
    change_position,
    complete,
    end_assignment,
    log_contact,
    log_enquiry,
    move_stage,
    record_job,
    record_measure,
    record_review,
    set_guidelines,
)
from trial.followup.models import EmploymentSpecialist, FidelityReview, Guidelines
from trial.followup.norms import (
    DAYS_OF_MONTH,
    HOURS_A_MONTH,
    NEW_IN_WORK,
    NORMS,
    TRANSITION_PERCENT,
    Counts,
    Reached,
    Share,
    added,
)
from trial.followup.presentation import contacts_table
from trial.followup.queries import guidelines_of, load_of
from trial.followup.queries.norms import norms_by
from trial.followup.queries.usage import usage_of
from trial.followup.scales import IPS_25, PRINCIPLES, SE_15, Principle
from trial.followup.states import Stage

USUAL = {
    "template": "se",
    "supervisor_capacity": 10,
    "weights": {},
    "barred": {},
    "days_to_assign": 7,
    "days_to_contact": 30,
}


def _counts(cast: Cast) -> Counts:
    with acting(cast.siri):
        return norms_by("office", [cast.moss], guarded=True)[cast.moss.pk]


def test_nobody_is_counted_before_the_time_is_out_or_the_thing_done(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    assigned(cast)
    simulated_clock.advance(timedelta(days=6))
    assert _counts(cast).shares[Share.EMPLOYER_WEEK] == Reached(0, 0)
    simulated_clock.advance(timedelta(days=1))  # the seventh day: an employer met today is met in time
    assert _counts(cast).shares[Share.EMPLOYER_WEEK] == Reached(0, 0)
    simulated_clock.advance(timedelta(days=1))
    assert _counts(cast).shares[Share.EMPLOYER_WEEK] == Reached(0, 1)
    assert _counts(cast).shares[Share.EMPLOYER_MONTH] == Reached(0, 0)


def test_the_first_employer_and_the_three_way_meeting_are_seen(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="asked")
        simulated_clock.advance(timedelta(days=10))
        log_contact(by=cast.jon, participant=participant, kind="three_way", counterpart="both", minutes=30)
    shares = _counts(cast).shares
    assert shares[Share.EMPLOYER_WEEK] == shares[Share.EMPLOYER_MONTH] == shares[Share.THREE_WAY] == Reached(1, 1)


def test_a_placement_transition_and_new_in_work(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, known = assigned(cast), employer(cast)
    simulated_clock.advance(timedelta(days=60))
    with acting(cast.jon):
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=37.5, permanent=True,
            found="specialist", start=date(2026, 5, 1),
        )  # fmt: skip
    with acting(cast.siri):
        complete(by=cast.siri, participant=participant)
    counts = _counts(cast)
    assert counts.shares[Share.PLACEMENT] == counts.shares[Share.TRANSITION] == Reached(1, 1)
    assert counts.shares[Share.WORK_FIRST] == Reached(1, 1)
    assert counts.new_in_work == 1
    assert counts.new_a_year == pytest.approx(365 / 60)


@pytest.mark.parametrize(("measure_first", "met"), [(True, 0), (False, 1)])
def test_ordinary_work_comes_before_measures(
    cast: Cast, simulated_clock: SimulatedClock, measure_first: bool, met: int
) -> None:
    participant, known = assigned(cast), employer(cast)
    simulated_clock.advance(timedelta(days=30))
    measured, worked = date(2026, 3, 10), date(2026, 3, 20)
    if not measure_first:
        measured, worked = worked, measured
    with acting(cast.jon):
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=measured)
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=20, permanent=False,
            found="network", start=worked,
        )  # fmt: skip
    assert _counts(cast).shares[Share.WORK_FIRST] == Reached(met, 1)


def test_what_was_begun_before_the_follow_up_neither_counts_nor_hides_what_came_later(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    participant, known = assigned(cast), employer(cast)
    simulated_clock.advance(timedelta(days=30))
    with acting(cast.jon):
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=10, permanent=True,
            found="participant", start=date(2026, 2, 1),
        )  # fmt: skip
        record_measure(
            by=cast.jon, participant=participant, code="ARBTREN", start=date(2025, 1, 1), end=date(2025, 3, 1)
        )
    counts = _counts(cast)
    assert (counts.new_in_work, counts.shares[Share.PLACEMENT]) == (0, Reached(0, 0))
    assert counts.shares[Share.WORK_FIRST] == Reached(0, 0)
    page = reverse("followup:follow_up", args=[cast.trial.code, participant.number])
    assert "Før ordinært arbeid" not in _client(cast, "jon").get(page).content.decode()
    with acting(cast.jon):
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 3, 10))
    assert _counts(cast).shares[Share.WORK_FIRST] == Reached(0, 1)
    assert _client(cast, "jon").get(page).content.decode().count("Før ordinært arbeid") == 1


def test_whoever_waits_for_the_next_specialist_has_not_ended_without_work(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    participant = assigned(cast)
    with acting(cast.siri):
        end_assignment(by=cast.siri, participant=participant, reason="Jobbspesialisten slutter")
        assert _counts(cast).shares[Share.TRANSITION] == Reached(0, 0)
        complete(by=cast.siri, participant=participant)
    assert _counts(cast).shares[Share.TRANSITION] == Reached(0, 1)


def test_the_years_of_whoever_left_count_as_what_they_did(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, known = assigned(cast), employer(cast)
    simulated_clock.advance(timedelta(days=73))
    with acting(cast.jon):
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=20, permanent=True,
            found="specialist", start=date(2026, 5, 1),
        )  # fmt: skip
    with acting(cast.siri):
        complete(by=cast.siri, participant=participant)
        post = EmploymentSpecialist.objects.get()
        change_position(by=cast.siri, specialist=post, position_share=100, valid_to=date(2026, 5, 13))
        simulated_clock.advance(timedelta(days=30))
        appoint_specialist(by=cast.siri, user=cast.siri, office=cast.moss, position_share=50)
    assert _counts(cast).full_years == pytest.approx(73 / 365)
    assert _counts(cast).new_a_year == pytest.approx(5)
    simulated_clock.advance(timedelta(days=146))
    assert _counts(cast).full_years == pytest.approx((73 + 146 / 2) / 365)
    simulated_clock.advance(timedelta(days=365))
    assert _counts(cast).full_years == pytest.approx(0.5)


def test_the_lead_sees_no_frequency_of_contact_that_rests_on_few() -> None:
    counts = Counts(8, {share: Reached(0, 0) for share in Share}, 0, 1.0, (9,) * 5, (90,) * 5, 60, (8, 5, 4, 1, 0))
    shown = [row[1] for row in contacts_table(counts, exact=False)["rows"]]
    assert [rate == "–" for rate in shown] == [False, False, True, True, True]
    assert "–" not in [row[1] for row in contacts_table(counts, exact=True)["rows"]]


def test_contacts_a_month_are_counted_in_the_stage_of_the_day(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        for _contact in range(2):
            log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=30)
        simulated_clock.advance(timedelta(days=30))
        move_stage(by=cast.jon, participant=participant, stage="profile", present="contact")
        log_contact(by=cast.jon, participant=participant, kind="phone", minutes=5)
        simulated_clock.advance(timedelta(days=15))
    rates = dict(_counts(cast).contacts_a_month)
    month = 365.25 / 12
    assert rates[Stage.CONTACT] == pytest.approx(2 * month / 30)
    assert rates[Stage.PROFILE] == pytest.approx(month / 15)
    assert rates[Stage.ON_THE_JOB] is None
    assert _counts(cast).hours_a_month == pytest.approx(65 / 60 * month / 45)
    assert _counts(cast).stage_people == (1, 1, 0, 0, 0)


def test_counts_add_up() -> None:
    one = Counts(
        3, {share: Reached(1, 2) for share in Share}, 4, 0.5, (1, 2, 3, 4, 5), (10, 20, 30, 40, 50), 60, (1, 1, 2, 3, 0)
    )
    both = added([one, one])
    assert (both.people, both.new_in_work, both.full_years, both.new_a_year) == (6, 8, 1.0, 8.0)
    assert both.shares[Share.PLACEMENT].percent == 50
    assert both.contacts_a_month == one.contacts_a_month
    assert (both.minutes, both.hours_a_month) == (120, one.hours_a_month)
    assert both.stage_people == (2, 2, 4, 6, 0)
    assert added([]).new_a_year is None


def test_the_targets_are_nav_s_service_norms_and_the_published_study_s() -> None:
    assert (TRANSITION_PERCENT, NEW_IN_WORK, HOURS_A_MONTH) == (65, 9, 10)  # Proba, table of service norms
    assert NORMS[Share.PLACEMENT].days == round(3 * DAYS_OF_MONTH)  # SE-KLAR: a placement within three months
    assert NORMS[Share.TRANSITION].target == TRANSITION_PERCENT


def test_the_scales_have_the_published_items_and_levels() -> None:
    assert (len(SE_15.items), SE_15.highest) == (15, 75)
    assert (len(IPS_25.items), IPS_25.highest) == (25, 125)
    assert len({item.code for item in IPS_25.items}) == 25
    levels = [str(IPS_25.level(total).label) for total in (125, 115, 114, 100, 99, 74, 73)]
    assert len(set(levels)) == 4
    assert levels[1] != levels[2] == levels[3] != levels[4] == levels[5] != levels[6]
    assert [str(SE_15.level(total).color) for total in (66, 65, 56, 55)] == ["success", "warning", "warning", "danger"]
    assert len(PRINCIPLES) == len(Principle) == 8


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scores": {}}, "item_unscored"),
        ({"scores": {item.code: 6 for item in SE_15.items}}, "item_unscored"),
        ({"day": date(2026, 3, 3)}, "in_future"),
        ({"reviewers": " "}, "reviewers_missing"),
        ({"scale": "se99"}, "unknown_kind"),
    ],
)
def test_an_impossible_review_is_refused(cast: Cast, changes: dict[str, object], code: str) -> None:
    with acting(cast.siri), pytest.raises(Refusal, match=code):
        _review(cast, **changes)


def _review(cast: Cast, score: int = 4, **changes: object) -> FidelityReview:
    usual = {
        "scale": "se15",
        "day": date(2026, 3, 2),
        "scores": {item.code: score for item in SE_15.items},
        "reviewers": "To fra fylket",
    }
    return record_review(by=cast.siri, office=cast.moss, **(usual | changes))


def test_a_review_is_summed_shown_in_its_history_and_not_given_twice(cast: Cast) -> None:
    with acting(cast.siri):
        review = _review(cast)
        assert _review(cast) == review  # a form sent twice
        with pytest.raises(Refusal, match="reviewed_that_day"):
            _review(cast, 3)
        with pytest.raises(Refusal, match="reviewed_that_day"):
            _review(cast, remarks="Det ene kontoret var ikke med")
        _review(cast, 5, day=date(2025, 9, 1))
    client = _client(cast, "coordinator")
    page = client.get(reverse("followup:fidelity", args=[cast.trial.code, "se15"])).content.decode()
    assert review.total == 60
    assert "Middels metodetrohet" in page
    assert "God metodetrohet" in page
    one = client.get(reverse("followup:reviewed", args=[cast.trial.code, review.pk])).content.decode()
    assert "60 av 75 poeng" in one


def test_a_review_is_typed_in_and_an_item_left_out_is_told_at_the_item(cast: Cast) -> None:
    client, address = _client(cast, "siri"), reverse("followup:review", args=[cast.trial.code, "ips25"])
    sent = {item.code: "5" for item in IPS_25.items}
    sent |= {"office": str(cast.moss.pk), "day": "02.03.2026", "reviewers": "To fra fylket", "remarks": ""}
    answer = client.post(address, {key: value for key, value in sent.items() if key != "competitive"})
    assert list(answer.context["form"].errors) == ["competitive"]
    assert client.post(address, sent).status_code == 302
    with acting(cast.siri):
        assert FidelityReview.objects.get().total == 125


def test_guidelines_are_the_leads_to_set_and_nobody_overwrites_them(cast: Cast) -> None:
    with acting(cast.lead):
        assert guidelines_of(cast.trial).version == 0
        set_guidelines(by=cast.lead, trial=cast.trial, version=0, **USUAL)
        with pytest.raises(Refusal, match="changed_meanwhile"):
            set_guidelines(by=cast.lead, trial=cast.trial, version=0, **USUAL)
    with acting(cast.siri), pytest.raises(Refusal, match="not_allowed"):
        set_guidelines(by=cast.siri, trial=cast.trial, **USUAL)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"template": "xx"}, "unknown_kind", "template"),
        ({"weights": {"contact": 5}}, "weight_out_of_range", "weight_contact"),
        ({"weights": {"sleeping": 100}}, "weight_out_of_range", "weight_sleeping"),
        ({"barred": {"third": ["ARBTREN"]}}, "unknown_arm", "barred_third"),
        ({"barred": {"control": ["NOPE"]}}, "unknown_code", "barred_control"),
        ({"days_to_assign": 0}, "days_out_of_range", "days_to_assign"),
    ],
)
def test_impossible_guidelines_are_refused_at_their_field(
    cast: Cast, changes: dict[str, object], code: str, field: str
) -> None:
    with acting(cast.lead), pytest.raises(Refusal) as refused:
        set_guidelines(by=cast.lead, trial=cast.trial, **(USUAL | changes))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_guidelines_are_set_on_the_page_and_a_stage_weighs(cast: Cast) -> None:
    client, address = _client(cast, "lead"), reverse("followup:guidelines", args=[cast.trial.code])
    sent = {
        "template": "ips",
        "supervisor_capacity": "8",
        "days_to_assign": "5",
        "days_to_contact": "21",
        "version": "0",
        "weight_contact": "150",
        "barred_control": "indoppfag, UTVAOONAV",
    }
    assert client.post(address, sent).status_code == 302
    again = client.post(address, sent | {"days_to_assign": "9"}).content.decode()
    assert "Noen andre har endret dette" in again
    for rule in (
        "Dager fra loddtrekning til jobbspesialist: 5",
        "ikke er tillatt i gruppen «Kontrollgruppe»: INDOPPFAG UTVAOONAV",
        "Mal for oppfølgingen: Individuell jobbstøtte",
    ):
        assert rule in again
    participant = assigned(cast)
    with acting(cast.jon):
        guidelines = Guidelines.objects.get()
        load = load_of(participant.assignments.get().specialist)
    assert guidelines.barred == {"control": ["INDOPPFAG", "UTVAOONAV"]}
    assert (load.people, load.used, load.capacity) == (1, 1.5, 20)


def test_the_norms_of_an_office_link_to_its_specialists(cast: Cast) -> None:
    assigned(cast)
    page = _client(cast, "coordinator").get(reverse("followup:norms", args=[cast.trial.code])).content.decode()
    assert f"?office={cast.moss.pk}" in page
    one = _client(cast, "siri").get(reverse("followup:norms", args=[cast.trial.code])).content.decode()
    assert "Jon Jobbspesialist" in one


def test_the_lead_sees_no_share_that_rests_on_few(cast: Cast, simulated_clock: SimulatedClock) -> None:
    assigned(cast)
    simulated_clock.advance(timedelta(days=8))
    address = reverse("followup:norms", args=[cast.trial.code])
    assert "0 % (0 av 1)" in _client(cast, "coordinator").get(address).content.decode()
    page = _client(cast, "lead").get(address).content.decode()
    assert "0 av 1" not in page
    assert "&lt;5" in page


def test_measures_in_use_are_counted_by_arm_and_month(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, control = assigned(cast), drawn(cast, "control")
    with acting(cast.jon):
        record_measure(
            by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 3, 2), end=date(2026, 4, 10)
        )
    simulated_clock.advance(timedelta(days=95))
    with acting(cast.siri):
        usage = usage_of(cast.trial)
        arm, other = (cast.trial.arms.get(code=code).pk for code in ("intervention", "control"))
    shares = [usage.share(arm, "work_practice", month) for month in range(4)]
    assert shares == [100.0, 100.0, 0.0, 0.0]
    assert usage.share(arm, "work_practice", 4) is None
    assert usage.ever[arm, "any_measure"] == 1
    assert (usage.followed[other, 0], usage.share(other, "work_practice", 0)) == (1, 0.0)
    assert control.pk != participant.pk


@pytest.mark.parametrize(
    ("user", "status"), [("siri", 200), ("coordinator", 200), ("lead", 403), ("analyst", 403), ("outsider", 404)]
)
def test_usage_by_arm_is_for_those_who_see_arms(cast: Cast, user: str, status: int) -> None:
    assert _client(cast, user).get(reverse("followup:usage", args=[cast.trial.code])).status_code == status


def _client(cast: Cast, user: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, user))
    return client
