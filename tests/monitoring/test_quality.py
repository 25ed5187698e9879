"""What is behind with the data is counted as it stands, by everyone it could be."""

from datetime import timedelta

import pytest

from tests.cast import REGISTERS, Cast, acting
from tests.surveys.asked import ABILITY, GIVEN, asking, code_for, enrolled, holding, invited
from trial.audit.clock import SimulatedClock
from trial.enrolment.actions import give_consent, publish_consent_form
from trial.monitoring.queries import dashboard_for
from trial.surveys.actions import submit, type_answers

pytestmark = pytest.mark.slow

CONSENT, LATE, TYPED = "Har ikke samtykket til den nyeste", "Spørreskjemaer uten svar", "Papirer som ikke"


def behind(cast: Cast, label: str) -> tuple[int, int]:
    with acting(cast.coordinator):
        lags = dashboard_for(cast.coordinator, cast.trial.code).lags
    return next((lag.number, lag.of) for lag in lags if str(lag.label).startswith(label))


def test_a_newer_consent_form_puts_everyone_behind_until_they_consent_to_it(cast: Cast) -> None:
    asked = asking(cast)
    first, _second = enrolled(asked), enrolled(asked)
    assert behind(asked, CONSENT) == (0, 2)
    with acting(asked.lead):
        newer = publish_consent_form(
            by=asked.lead, trial=asked.trial, text={"nb": "Ny tekst."}, covers=[*REGISTERS, "survey"],
            optional=["survey"],
        )  # fmt: skip
    assert behind(asked, CONSENT) == (2, 2)
    with acting(asked.kari):
        give_consent(by=asked.kari, participant=first, form=newer, covers=["survey"])
    assert behind(asked, CONSENT) == (1, 2)


def test_questionnaires_are_late_when_the_window_has_closed_and_half_typed_until_typed_alike(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    asked = asking(cast)
    answered, on_paper, _silent = invited(asked), invited(asked), invited(asked)
    with holding(code_for(asked, answered)):
        submit(by=None, invitation=answered, answers=GIVEN)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=on_paper, answers={ABILITY: "1"})
    assert behind(asked, LATE) == (0, 0)
    assert behind(asked, TYPED) == (1, 1)
    simulated_clock.advance(timedelta(days=80))
    assert behind(asked, LATE) == (1, 3)
    with acting(asked.siri):
        type_answers(by=asked.siri, invitation=on_paper, answers={ABILITY: "1"})
    assert behind(asked, TYPED) == (0, 1)
