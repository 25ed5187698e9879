"""Time in a measure: the rule of the sample on small histories, one letter a month."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, concurrent_measures, time_in_measure


def panel(histories: dict[str, str], training: dict[str, str] | None = None) -> pd.DataFrame:
    """x in the measure, . not, ? not observed; persons whose name begins with E are in the extended measure."""
    rows = []
    for name, history in histories.items():
        beside = (training or {}).get(name, "." * len(history))
        for month, (letter, other) in enumerate(zip(history, beside, strict=True)):
            rows.append((name, "extended" if name[0] == "E" else "external", month, _state(letter), _state(other)))
    return pd.DataFrame(rows, columns=["participant_number", "arm", "month", "follow_up", "training"])


def _state(letter: str) -> float:
    return {"x": 1.0, ".": 0.0, "?": np.nan}[letter]


def shares(found: pd.DataFrame, arm: str) -> list[float]:
    return found[found["arm"] == arm]["share"].tolist()


def test_a_start_is_two_months_inside_after_six_outside() -> None:
    found = time_in_measure(
        panel(
            {
                "E1": "......xx....",  # starts in month 6
                "E2": ".....xxx....",  # only five months outside before
                "E3": "......x.x...",  # never two months together
                "E4": "?.....xx....",  # a month before is unknown
                "E5": "x......xxx..",  # starts anew in month 7
            }
        ),
        months=3,
    )
    assert found["n"].tolist() == [2, 2, 2, 2]
    assert shares(found, "extended") == [1, 1, 0.5, 0]


def test_a_break_ends_the_stay() -> None:
    found = time_in_measure(panel({"E1": "......xxx.xxx", "A1": "......xxxxxxx"}), months=5)
    assert shares(found, "extended") == [1, 1, 1, 0, 0, 0]
    assert shares(found, "external") == [1] * 6


def test_only_those_observed_so_long_are_counted() -> None:
    found = time_in_measure(panel({"E1": "......xxxx??", "E2": "......xxx..."}), months=5)
    assert found["n"].tolist() == [2, 2, 2, 2, 1, 1]
    assert shares(found, "extended") == [1, 1, 1, 0.5, 0, 0]


def test_other_measures_count_from_the_second_to_the_second_last_month() -> None:
    histories = dict.fromkeys(["E1", "E2", "E3", "E4"], "......xxxx.") | {"E5": "......xx...", "E6": "......xxxxx"}
    training = {
        "E1": "......x....",  # the first month
        "E2": ".......x...",  # the second
        "E3": "........x..",  # the second last
        "E4": ".........xx",  # the last and after
    }
    found = concurrent_measures(panel(histories, training), others=["training"])
    assert found.to_dict("records") == [{"arm": "extended", "measure": "training", "share": 0.5, "n": 4}]


def test_nobody_who_began_is_named() -> None:
    with pytest.raises(EvaluationError) as caught:
        time_in_measure(panel({"E1": "xxxxxxxxx"}))
    assert caught.value.code == "no_starters"
