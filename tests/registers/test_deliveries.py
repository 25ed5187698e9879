"""A delivery's way: received, checked, accepted or rejected; nothing dropped, nothing kept that must not be."""

import stat
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from django.db import IntegrityError

from tests.cast import acting
from tests.registers.files import EMPLOYMENT, checked, employment_of, enrolled, received, stored
from trial.access.refusals import Refusal
from trial.audit.guards import writing
from trial.audit.models import AuditEvent
from trial.enrolment.actions import withdraw
from trial.enrolment.states import Withdrawal
from trial.registers import snapshots
from trial.registers.actions import accept, begin_check, finish_check, reject
from trial.registers.checking import check
from trial.registers.models import Delivery, RejectedRow
from trial.registers.queries import in_force
from trial.registers.states import DeliveryState
from trial.studies.actions import close_recruitment, lock_data

pytestmark = pytest.mark.slow

NATIONAL_ID = "13097248022"  # month + 80 would be synthetic; this one is a published example of a valid check digit

FAULTS = {
    "not_a_date": "{number};soon;;37.5;100",
    "empty": "{number};;;37.5;100",
    "end_before_start": "{number};2020-05-01;2020-01-01;37.5;100",
    "in_the_future": "{number};2044-01-01;;37.5;100",
    "not_a_number": "{number};2020-01-01;;many;100",
    "out_of_range": "{number};2020-01-01;;37.5;900",
    "unknown_participant": "XYZ-0000-0;2020-01-01;;37.5;100",
    "field_count": "{number};2020-01-01",
}


@pytest.fixture
def numbers(cast):
    return [enrolled(cast).number for _ in range(3)]


def test_a_received_file_is_kept_by_its_hash_and_can_no_longer_be_written(cast):
    delivery = received(cast, employment_of("MOS-7K4Q-3"))
    place = stored(snapshots.received(cast.trial.code, delivery.sha256))
    assert delivery.state == DeliveryState.RECEIVED
    assert snapshots.hash_of(place) == delivery.sha256
    assert stat.S_IMODE(place.stat().st_mode) == 0o440


def test_the_same_file_is_not_received_twice(cast):
    received(cast, employment_of("MOS-7K4Q-3"))
    with pytest.raises(Refusal) as refusal:
        received(cast, employment_of("MOS-7K4Q-3"))
    assert refusal.value.code == "delivered_before"


@pytest.mark.parametrize(
    ("content", "register", "code"), [(b"", "employment", "file_empty"), (b"x", "weather", "unknown_register")]
)
def test_what_is_no_delivery_is_refused_at_its_field(cast, content, register, code):
    with pytest.raises(Refusal) as refusal:
        received(cast, content, register=register)
    assert (refusal.value.code, refusal.value.status) == (code, 422)


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(cast, settings, snapshot_root):
    settings.UPLOAD_LIMIT_BYTES = 10
    with pytest.raises(Refusal, match="file_too_large"):
        received(cast, employment_of("MOS-7K4Q-3"))
    assert not [path for path in snapshot_root.rglob("*") if path.is_file()]


def test_accepted_and_rejected_rows_add_up_whatever_is_wrong(cast, numbers):
    rng = np.random.default_rng(20260302)
    for turn in range(10):  # a hundred and the verdict on each row: tests/evaluation/test_deliveries.py
        faults = rng.choice([*FAULTS, ""], size=12)
        rows = [
            FAULTS[fault].format(number=numbers[0]) if fault else f"{numbers[place % 3]};20{10 + place}-01-01;;37.5;80"
            for place, fault in enumerate(faults)
        ]
        delivery = checked(
            cast, employment_of(numbers[0], start=str(date(1999, 1, 1) + timedelta(days=turn))) + "\n".join(rows)
        )
        wrong = [place for place, fault in enumerate(faults) if fault]
        with acting(cast.data_manager):
            lines = list(delivery.rejected.values_list("line", "reason"))
        assert delivery.rows == len(faults) + 1 == delivery.accepted_rows + delivery.rejected_rows
        assert [line - 3 for line, _reason in lines] == wrong
        assert [reason for _line, reason in lines] == [faults[place] for place in wrong]


def test_the_database_itself_refuses_counts_that_do_not_add_up(cast):
    delivery = received(cast, employment_of("MOS-7K4Q-3"))
    with pytest.raises(IntegrityError, match="delivery_rows_add_up"), acting(cast.data_manager), writing():
        delivery.changed(rows=3, accepted_rows=1, rejected_rows=1)


def test_unknown_numbers_and_numbers_without_consent_are_set_apart_and_counted(cast, numbers):
    left = numbers[2]
    with acting(cast.kari):
        participant = cast.trial.participants.get(number=left)
        withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.NEW_DATA)
    delivery = checked(cast, employment_of(*numbers, "XYZ-0000-0"))
    assert delivery.report["reasons"] == {"no_consent": 1, "unknown_participant": 1}
    assert (delivery.report["set_apart"], delivery.accepted_rows) == (2, 2)
    kept = pd.read_parquet(stored(snapshots.snapshot(cast.trial.code, delivery.snapshot)))
    assert left not in set(kept["participant_number"])


def test_a_file_with_a_national_id_is_rejected_and_its_bytes_are_gone(
    cast, numbers, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delivery = checked(cast, employment_of(*numbers, NATIONAL_ID))
    assert (delivery.state, delivery.refusal) == (DeliveryState.REJECTED, "national_id")
    assert not stored(snapshots.received(cast.trial.code, delivery.sha256)).exists()
    with acting(cast.data_manager):
        assert not RejectedRow.objects.exists()
        assert NATIONAL_ID not in str(list(AuditEvent.objects.values())) + str(Delivery.objects.values())


def test_a_register_that_knows_nothing_of_anybody_is_a_delivery_and_one_without_a_usable_row_is_none(cast, numbers):
    """Of a small trial nobody may be in education: without that answer no outcome that needs it could be told."""
    empty, foreign = checked(cast, EMPLOYMENT + "\n"), checked(cast, employment_of("XYZ-0000-0"))
    assert (empty.rows, empty.accepted_rows, foreign.rows, foreign.accepted_rows) == (0, 0, 1, 0)
    with acting(cast.data_manager):
        assert accept(by=cast.data_manager, delivery=empty).state == DeliveryState.ACCEPTED
        with pytest.raises(Refusal, match="nothing_accepted"):
            accept(by=cast.data_manager, delivery=foreign)
    kept = pd.read_parquet(stored(snapshots.snapshot(cast.trial.code, empty.snapshot)))
    assert (len(kept), kept["start"].dtype.kind) == (0, "M")


def test_a_second_check_of_the_same_delivery_changes_nothing(cast, numbers):
    delivery = checked(cast, employment_of(*numbers, "XYZ-0000-0"))
    with acting(cast.data_manager):
        assert begin_check(by=None, delivery=delivery) is None
        again = finish_check(by=None, delivery=delivery, checked=check(delivery))
        assert RejectedRow.objects.filter(delivery=delivery).count() == 1
    assert again.report == delivery.report


def test_a_file_that_breaks_every_check_is_given_up_after_the_last_attempt(cast):
    delivery = received(cast, employment_of("MOS-7K4Q-3"))
    with acting(cast.data_manager):
        begun = [begin_check(by=None, delivery=delivery) for _ in range(4)]
        delivery.refresh_from_db()
    assert [attempt is None for attempt in begun] == [False, False, False, True]
    assert (delivery.state, delivery.refusal) == (DeliveryState.REJECTED, "not_checkable")


def test_a_later_delivery_supersedes_and_the_old_snapshot_stays(cast, numbers):
    first, second = checked(cast, employment_of(*numbers[:2])), checked(cast, employment_of(*numbers))
    with acting(cast.data_manager):
        accept(by=cast.data_manager, delivery=first)
        accept(by=cast.data_manager, delivery=second)
        first.refresh_from_db()
        assert in_force(cast.trial) == {"employment": second}
    assert first.superseded_by_id == second.pk
    assert stored(snapshots.snapshot(cast.trial.code, first.snapshot)).exists()


def test_the_received_bytes_go_once_it_is_decided_and_the_snapshot_only_when_rejected(
    cast, numbers, django_capture_on_commit_callbacks
):
    kept, turned_down = checked(cast, employment_of(numbers[0])), checked(cast, employment_of(numbers[1]))
    with acting(cast.data_manager), django_capture_on_commit_callbacks(execute=True):
        accept(by=cast.data_manager, delivery=kept)
        reject(by=cast.data_manager, delivery=turned_down, reason="Feil periode")
    for delivery, stays in ((kept, True), (turned_down, False)):
        assert not stored(snapshots.received(cast.trial.code, delivery.sha256)).exists()
        assert stored(snapshots.snapshot(cast.trial.code, delivery.snapshot)).exists() is stays


def test_after_the_data_lock_nothing_is_received_or_accepted(cast, numbers):
    waiting = checked(cast, employment_of(*numbers))
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
        lock_data(by=cast.lead, trial=cast.trial)
    for attempt in (
        lambda: received(cast, employment_of(numbers[0])),
        lambda: accept(by=cast.data_manager, delivery=waiting),
    ):
        with acting(cast.data_manager), pytest.raises(Refusal) as refusal:
            attempt()
        assert refusal.value.code == "data_locked"


def test_only_the_data_manager_decides(cast, numbers):
    delivery = checked(cast, employment_of(*numbers))
    with acting(cast.analyst), pytest.raises(Refusal, match="not_allowed"):
        accept(by=cast.analyst, delivery=delivery)


def test_a_changed_snapshot_is_never_read(cast, numbers):
    delivery = checked(cast, employment_of(*numbers))
    name = snapshots.snapshot(cast.trial.code, delivery.snapshot)
    with snapshots.opened(name, delivery.snapshot) as whole:
        assert whole == stored(name)
    stored(name).chmod(0o640)
    content = bytearray(stored(name).read_bytes())
    content[len(content) // 2] ^= 1
    stored(name).write_bytes(content)
    with pytest.raises(snapshots.DamagedSnapshotError), snapshots.opened(name, delivery.snapshot):
        pass
