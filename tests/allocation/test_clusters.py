"""A trial that draws offices: each office once, and everyone who is enrolled there follows it."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast, drawing
from tests.cast import acting
from tests.factories import consented
from trial.access.planes import maintenance, transaction
from trial.access.refusals import Refusal
from trial.allocation import verify
from trial.allocation.actions import draw_waiting
from trial.allocation.clusters import enrol_offices
from trial.allocation.models import Allocation, Cluster
from trial.allocation.monitoring import faults_of
from trial.allocation.protocols import Document
from trial.allocation.queries import anchors_of, bundle_of, waiting_for
from trial.allocation.receipts import receipt_holds
from trial.audit.models import OutboxMessage
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Participant
from trial.enrolment.states import Withdrawal
from trial.studies.actions import close_recruitment

pytestmark = pytest.mark.slow

METHOD = {"kind": "fixed_counts", "counts": {"intervention": 2, "control": 2}}


@pytest.fixture
def offices_trial(db, simulated_clock) -> DrawCast:
    return drawing(unit="cluster", method=METHOD)


def take_places(trial: DrawCast) -> list[Cluster]:
    lead = trial.cast.lead
    with acting(lead):
        return enrol_offices(by=lead, trial=trial.trial)


def drawn_offices(trial: DrawCast) -> dict[str, str]:
    with maintenance():
        return dict(Cluster.objects.values_list("office__stratum", "arm__code"))


def test_the_protocol_says_that_offices_are_drawn_from_one_list(offices_trial: DrawCast):
    document = Document.read(offices_trial.protocol.text)
    assert (document.content["unit"], document.content["strata"]) == ("cluster", ["all"])


def test_the_researcher_draws_for_offices_as_for_numbers(offices_trial: DrawCast):
    assert [place.position for place in take_places(offices_trial)] == [0, 1, 2, 3]
    researcher = offices_trial.cast.researcher
    with acting(researcher):
        waiting = waiting_for(researcher, offices_trial.trial)
    assert [each.number for each in waiting] == ["Nav Moss", "Nav Rygge", "Nav Røyken", "Nav Hurum"]
    offices_trial.draw()
    arms = drawn_offices(offices_trial)
    assert sorted(arms.values()) == ["control", "control", "intervention", "intervention"]
    assert take_places(offices_trial) == []
    with acting(researcher):
        assert draw_waiting(by=researcher, trial=offices_trial.trial, contribute=offices_trial.contribute) == []


def test_nobody_is_enrolled_before_the_office_is_drawn_and_everyone_after_follows_it(offices_trial: DrawCast):
    early, *later = offices_trial.people(4)
    take_places(offices_trial)
    with pytest.raises(Refusal, match="office_not_drawn"):
        offices_trial.enrol(early)
    offices_trial.draw()
    arm = drawn_offices(offices_trial)["Moss"]
    places = [offices_trial.enrol(person, key=f"again-{person.number}") for person in (early, *later)]
    assert {place.arm.code for place in places} == {arm}
    assert {place.position for place in places} == {None}
    with maintenance():
        assert Participant.objects.get(pk=early.pk).state == "allocated"
    assert all(receipt_holds(place.receipt, place.receipt["checkpoint"]["public_key"]) for place in places)
    assert places[0].receipt["cluster"]["leaf"]["arm"] == arm


def test_the_verifier_and_the_monitor_find_nothing(offices_trial: DrawCast):
    take_places(offices_trial)
    offices_trial.draw()
    person, *_ = people = offices_trial.people(3)
    for each in people:
        offices_trial.enrol(each)
    hanne = offices_trial.cast.hanne
    offices_trial.enrol(consented(offices_trial.cast, by=hanne, office=offices_trial.cast.hurum), by=hanne)
    with acting(offices_trial.cast.kari):
        withdraw(by=offices_trial.cast.kari, participant=person, meaning=Withdrawal.NEW_DATA)
    assert faults_of(offices_trial.trial) == []
    open_up(offices_trial)
    with maintenance():
        bundle, anchors = bundle_of(offices_trial.trial), anchors_of(offices_trial.trial)
    assert list(verify.findings(bundle, anchors)) == []
    assert len(anchors["receipts"]) == 4 + 4
    assert [leaf["kind"] for leaf in bundle["leaves"] if leaf["type"] == "EVENT"][:5] == ["joined"] * 4 + ["withdrawn"]


def test_a_follower_in_another_arm_than_the_office_is_found(offices_trial: DrawCast):
    take_places(offices_trial)
    offices_trial.draw()
    offices_trial.enrol(offices_trial.people()[0])
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE allocation_allocation DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE allocation_allocation a SET arm_id = (SELECT id FROM studies_arm WHERE id <> a.arm_id "
            "AND trial_id = a.trial_id)"
        )
    assert any("not as the log has it" in line for line in faults_of(offices_trial.trial))


def test_an_office_once_drawn_never_changes(offices_trial: DrawCast):
    take_places(offices_trial)
    offices_trial.draw()
    for statement in (
        "UPDATE allocation_cluster SET position = 9 WHERE position = 0",
        "DELETE FROM allocation_cluster",
    ):
        with maintenance(), pytest.raises(DatabaseError, match="append-only"), transaction():
            connection.cursor().execute(statement)


def test_the_draw_room_speaks_of_offices(offices_trial: DrawCast):
    take_places(offices_trial)
    client = Client()
    client.force_login(offices_trial.cast.researcher)
    page = client.get(reverse("allocation:draw_room", args=[offices_trial.trial.code])).content.decode()
    assert "4 kontorer venter på loddtrekning." in page
    assert "Deltakernummer" not in page


def test_the_researcher_is_told_once_that_offices_wait(offices_trial: DrawCast):
    take_places(offices_trial)
    take_places(offices_trial)
    with maintenance():
        told = list(OutboxMessage.objects.filter(kind="numbers_waiting").values_list("recipient", flat=True))
    assert told == [offices_trial.cast.researcher.get_username()]


def test_offices_get_no_place_once_recruitment_is_over(offices_trial: DrawCast):
    lead = offices_trial.cast.lead
    with acting(lead):
        close_recruitment(by=lead, trial=offices_trial.trial)
    with pytest.raises(Refusal, match="wrong_trial_state"):
        take_places(offices_trial)


def test_offices_get_places_only_where_offices_are_drawn(drawn_trial: DrawCast):
    with pytest.raises(Refusal, match="no_clusters"):
        take_places(drawn_trial)
    with acting(drawn_trial.cast.researcher), pytest.raises(Refusal, match="not_allowed"):
        enrol_offices(by=drawn_trial.cast.researcher, trial=drawn_trial.trial)


def test_without_a_researcher_the_offices_are_drawn_by_the_leads_button(db, simulated_clock):
    trial = drawing(unit="cluster", method={"kind": "simple"}, mode="unattended")
    client = Client()
    client.force_login(trial.cast.lead)
    page = reverse("allocation:protocol", args=[trial.trial.code])
    assert "Gi kontorene plass" in client.get(page).content.decode()
    assert client.post(reverse("allocation:offices", args=[trial.trial.code])).status_code == 302
    assert None not in drawn_offices(trial).values()
    shown = client.get(page).content.decode()
    assert "Nav Røyken" in shown
    assert "Venter på loddtrekning" not in shown
    place = trial.enrol(trial.people()[0])
    assert place.arm
    office = Client()
    office.force_login(trial.cast.kari)
    for name in ("receipt", "receipt_sheet"):
        paper = office.get(reverse(f"allocation:{name}", args=[trial.trial.code, place.participant.number]))
        assert str(place.arm) in paper.content.decode()
    with acting(trial.cast.kari):
        assert Allocation.objects.get().cluster_id == trial.cast.moss.pk
