"""Which consents let an analysis use which delivery; the rule alone, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from trial.registers.coverage import Coverage, Given, usable

RECEIVED = datetime(2018, 1, 10, 9, tzinfo=UTC)
ACCEPTED = RECEIVED + timedelta(hours=2)
DAY = timedelta(days=1)
EVERYTHING, NO_BENEFITS = ("employment", "benefits"), ("employment",)
MOMENTS = {"received": RECEIVED, "accepted": ACCEPTED}
BEFORE, AFTER = RECEIVED - DAY, ACCEPTED + DAY


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ([], False),
        ([Given(EVERYTHING, BEFORE)], True),
        ([Given(NO_BENEFITS, BEFORE)], False),
        ([Given(EVERYTHING, AFTER)], False),
        ([Given(EVERYTHING, BEFORE, withdrawn_at=RECEIVED - DAY / 2)], False),
        ([Given(EVERYTHING, BEFORE, withdrawn_at=RECEIVED + DAY / 24)], False),
        ([Given(EVERYTHING, BEFORE, withdrawn_at=AFTER)], True),
        ([Given(EVERYTHING, BEFORE - DAY), Given(NO_BENEFITS, BEFORE)], False),
        ([Given(NO_BENEFITS, BEFORE - DAY), Given(EVERYTHING, BEFORE)], True),
        ([Given(EVERYTHING, BEFORE), Given(NO_BENEFITS, AFTER)], False),
        ([Given(NO_BENEFITS, BEFORE), Given(EVERYTHING, AFTER)], False),
    ],
    ids=[
        "no consent",
        "consent in force",
        "another register",
        "consented after the delivery",
        "withdrew before it came",
        "withdrew between arrival and acceptance",
        "withdrew after acceptance: what is there is kept",
        "narrowed before it came",
        "widened before it came",
        "narrowed later on",
        "widened later on: the rows were turned down",
    ],
)
def test_a_delivery_may_be_used_for_someone(consents, expected):
    assert usable(consents, "benefits", **MOMENTS) is expected


def test_the_counts_name_nobody():
    coverage = Coverage({"benefits": frozenset({"MOS-7K4Q-3"}), "education": frozenset()}, frozenset({"MOS-7K4Q-3"}))
    assert coverage.counts == {"persons_left_out": 1, "persons_not_covered": {"benefits": 1}}
    assert "MOS" not in repr(coverage)
