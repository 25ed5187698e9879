"""Departures from the protocol are found by rule, once, and resolved with a reason; people write down the rest."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, specialist
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.clock import SimulatedClock
from trial.audit.guards import writing
from trial.followup.actions import (
    find_deviations,
    log_contact,
    record_measure,
    resolve_deviation,
    set_guidelines,
)
from trial.followup.models import Deviation
from trial.followup.queries import portfolio_size

USUAL = {"template": "se", "supervisor_capacity": 10, "weights": {}, "days_to_assign": 7, "days_to_contact": 30}


def _found(cast: Cast) -> list[tuple[str, date, str]]:
    with acting(cast.siri):
        find_deviations(by=cast.siri, trial=cast.trial, offices=[cast.moss])
        rows = Deviation.objects.filter(found=True).order_by("kind", "fact")
        return [(row.kind, row.day, row.fact) for row in rows]


def test_nothing_is_found_before_the_time_is_out(cast: Cast, simulated_clock: SimulatedClock) -> None:
    drawn(cast, "intervention")
    drawn(cast, "control")
    simulated_clock.advance(timedelta(days=7))
    assert _found(cast) == []


def test_someone_not_assigned_in_time_is_found_once(cast: Cast, simulated_clock: SimulatedClock) -> None:
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=8))
    expected = [("not_assigned", date(2026, 3, 10), "")]
    assert _found(cast) == _found(cast) == expected


def test_someone_assigned_too_late_is_found_afterwards_too(cast: Cast, simulated_clock: SimulatedClock) -> None:
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=20))
    assert [kind for kind, _day, _fact in _found(cast)] == ["not_assigned"]


def test_someone_never_contacted_is_found(cast: Cast, simulated_clock: SimulatedClock) -> None:
    assigned(cast)
    simulated_clock.advance(timedelta(days=31))
    assert _found(cast) == [("not_contacted", date(2026, 4, 2), "")]


def test_control_someone_contacted_in_time_is_not(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=30)
    simulated_clock.advance(timedelta(days=31))
    assert _found(cast) == []


@pytest.mark.parametrize(
    ("kind", "counterpart", "met"),
    [
        ("phone", "employer", False),
        ("phone", "caseworker", False),
        ("meeting", "health", False),
        ("meeting", "both", True),
        ("three_way", "employer", True),
    ],
)
def test_contact_about_someone_is_not_contact_with_the_person(
    cast: Cast, simulated_clock: SimulatedClock, kind: str, counterpart: str, met: bool
) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        log_contact(by=cast.jon, participant=participant, kind=kind, counterpart=counterpart, minutes=30)
    simulated_clock.advance(timedelta(days=31))
    assert [kind for kind, _day, _fact in _found(cast)] == ([] if met else ["not_contacted"])
    with acting(cast.jon):
        assert portfolio_size(cast.jon, cast.trial) == (1, 1)
    client = Client()
    client.force_login(cast.jon)
    page = client.get(reverse("followup:portfolio", args=[cast.trial.code])).content.decode()
    assert ("Sist kontaktet 02.03.2026." in page, "Ikke kontaktet ennå." in page) == (met, not met)


def test_whatever_contact_about_someone_of_the_control_group_is_found_on_its_first_day(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    control = drawn(cast, "control")
    specialist(cast)
    simulated_clock.advance(timedelta(days=5))
    with acting(cast.jon):
        for day in (date(2026, 3, 6), date(2026, 3, 4)):
            log_contact(
                by=cast.jon, participant=control, kind="phone", counterpart="employer", minutes=5, day=day,
                in_control=True,
            )  # fmt: skip
    with maintenance(), writing():
        Deviation.ever.all().delete()
    assert _found(cast) == [("control_followed", date(2026, 3, 4), "")]


def test_contact_with_the_control_group_is_refused_until_it_is_said_to_have_happened(cast: Cast) -> None:
    assigned(cast)
    control = drawn(cast, "control")
    with acting(cast.jon):
        with pytest.raises(Refusal) as refused:
            log_contact(by=cast.jon, participant=control, kind="phone", minutes=5)
        assert (refused.value.code, refused.value.field) == ("control_contacted", "in_control")
        log_contact(by=cast.jon, participant=control, kind="phone", minutes=5, in_control=True)
        assert [(row.kind, row.found, row.reason) for row in control.deviations.all()] == [
            ("control_followed", True, "")
        ]
    assert [kind for kind, _day, _fact in _found(cast)] == ["control_followed"]


def test_a_measure_that_the_protocol_does_not_allow_is_recorded_as_a_deviation(cast: Cast) -> None:
    participant = assigned(cast)
    _set(cast, barred={"intervention": ["INDOPPFAG"]})
    with acting(cast.jon):
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 3, 2))
        record_measure(by=cast.jon, participant=participant, code="INDOPPFAG", start=date(2026, 3, 2))
    assert _found(cast) == [("measure_not_allowed", date(2026, 3, 2), "INDOPPFAG")]


def test_a_measure_barred_later_is_found_by_the_rule_and_one_before_the_draw_is_not(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 3, 1))
        record_measure(by=cast.jon, participant=participant, code="MENTOR", start=date(2026, 3, 2))
    _set(cast, barred={"intervention": ["ARBTREN", "MENTOR"]})
    assert [fact for _kind, _day, fact in _found(cast)] == ["MENTOR"]


def test_what_is_found_is_resolved_once_with_a_reason(cast: Cast, simulated_clock: SimulatedClock) -> None:
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=8))
    _found(cast)
    with acting(cast.kari):
        deviation = Deviation.objects.get()
        with pytest.raises(Refusal, match="reason_missing"):
            resolve_deviation(by=cast.kari, deviation=deviation, reason=" ")
        resolve_deviation(by=cast.kari, deviation=deviation, reason="Jobbspesialisten var syk")
        with pytest.raises(Refusal, match="deviation_resolved"):
            resolve_deviation(by=cast.kari, deviation=deviation, reason="Noe annet")
        assert Deviation.objects.get().reason == "Jobbspesialisten var syk"


def test_the_database_itself_keeps_no_reason_without_someone_behind_it(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=8))
    _found(cast)
    with (
        acting(cast.kari),
        writing(),
        pytest.raises(IntegrityError, match="resolved_with_reason"),
        transaction.atomic(),
    ):
        Deviation.objects.get().changed(reason="Bare så")


def test_the_nightly_command_finds_for_every_office(cast: Cast, simulated_clock: SimulatedClock) -> None:
    drawn(cast, "intervention", by=cast.hanne, office=cast.hurum)
    simulated_clock.advance(timedelta(days=8))
    call_command("find_deviations", verbosity=0)
    with maintenance():
        assert Deviation.objects.get().office == cast.hurum


def test_the_page_tells_what_the_rules_find_records_it_and_takes_the_reason(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    number = drawn(cast, "intervention").number
    simulated_clock.advance(timedelta(days=8))
    client = Client()
    client.force_login(cast.kari)
    address = reverse("followup:deviations", args=[cast.trial.code])
    assert "Reglene finner 1 avvik" in client.get(address).content.decode()
    assert client.post(reverse("followup:find_deviations", args=[cast.trial.code])).status_code == 302
    page = client.get(address, {"state": "open", "kind": "not_assigned"}).content.decode()
    assert number in page
    with maintenance():
        key = Deviation.objects.get().pk
    resolve = reverse("followup:resolve_deviation", args=[cast.trial.code, key])
    assert client.post(resolve, {"reason": "Ferie"}).status_code == 302
    assert "Ferie" in client.get(address, {"state": "resolved"}).content.decode()
    assert number not in client.get(address, {"state": "open"}).content.decode()


def _set(cast: Cast, **changes: object) -> None:
    with acting(cast.lead):
        set_guidelines(by=cast.lead, trial=cast.trial, **(USUAL | {"barred": {}} | changes))
    with acting(cast.jon):
        cast.trial.refresh_from_db()
