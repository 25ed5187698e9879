"""A whole plan in one call: all of SE-KLAR, the same bytes again, masked rehearsals, and what is missing is named."""

import json
from collections.abc import Mapping

import pandas as pd
import pytest

from evaluation import EvaluationError, Plan, run
from evaluation.labels import LABELS
from tests.evaluation.trials import PLAN, SHORT


@pytest.fixture(scope="module")
def results(deliveries: dict[str, pd.DataFrame]):
    return run(PLAN, deliveries)


pytestmark = pytest.mark.slow


def test_every_table_and_figure_of_the_paper_is_there(results) -> None:
    assert [finding.name for finding in results.findings] == [
        "table-1",
        "table-2",
        "adjusted",
        *(f"figure-{number}" for number in ("1", "2", "3", "4", "5", "v1", "6", "7", "8")),
        "pre-period",
    ]
    assert len(results["table-1"].rows) == 15
    assert len(results["table-2"].rows) == 16
    assert results.manifest["check"]["largest"] <= 1e-8
    assert results.manifest["plan"] == PLAN.sha256


def test_the_same_inputs_give_the_same_bytes(results, deliveries: dict[str, pd.DataFrame]) -> None:
    shuffled = {name: deliveries[name] for name in reversed(deliveries)}
    assert json.dumps(run(PLAN, shuffled).to_dict()) == json.dumps(results.to_dict())


def test_everything_that_a_result_holds_is_json_without_gaps_in_words(results) -> None:
    text = json.dumps(results.to_dict(), allow_nan=False)
    keys = {column for finding in json.loads(text)["findings"] for column in finding["columns"]}
    assert keys <= set(LABELS)


def test_figures_hold_their_data_and_only_known_words(results) -> None:
    for finding in results.findings:
        if finding.kind == "figure":
            assert len(finding.spec["data"]["values"]) == len(finding.rows) > 0
            marks = {text for text in _texts(finding.spec) if text.startswith("@")}
            assert {mark.removeprefix("@") for mark in marks} <= set(LABELS)


def _texts(value):
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def test_progress_is_told_before_every_step(deliveries: dict[str, pd.DataFrame]) -> None:
    told: list[tuple[int, int, str]] = []
    run(SHORT, deliveries, progress=lambda *step: told.append(step))
    assert [step[0] for step in told] == list(range(len(told)))
    assert told[-1][0] == told[-1][1]
    assert told[0][2] == "panel"


def test_a_rehearsal_knows_no_arm(deliveries: dict[str, pd.DataFrame]) -> None:
    masked = run(SHORT, deliveries, masked=True)
    text = json.dumps([finding.to_dict() for finding in masked.findings])
    assert "intervention" not in text
    assert masked.manifest["plan"] == SHORT.sha256
    assert masked["table-2"].rows != run(SHORT, deliveries)["table-2"].rows
    assert run(SHORT, deliveries, masked=True, seed=5)["table-2"].rows != masked["table-2"].rows
    sizes = deliveries["participants"]["arm"].value_counts().to_dict()
    assert {masked["table-1"].notes[f"n_{arm}"] for arm in "AB"} == set(sizes.values())


def test_subgroups_are_told_when_the_plan_asks(deliveries: dict[str, pd.DataFrame]) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | {"subgroups": ["men"]})
    assert [row["level"] for row in run(plan, deliveries)["subgroups"].records] == [0, 1]


@pytest.mark.parametrize(("missing", "code"), [("participants", "missing_register"), ("benefits", "unknown_outcome")])
def test_a_missing_delivery_is_named(deliveries: dict[str, pd.DataFrame], missing: str, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        run(SHORT, {name: frame for name, frame in deliveries.items() if name != missing})
    assert caught.value.code == code


def test_nothing_that_was_given_is_changed(deliveries: dict[str, pd.DataFrame]) -> None:
    before = {name: frame.copy() for name, frame in deliveries.items()}
    run(SHORT, deliveries, masked=True)
    for name, frame in deliveries.items():
        pd.testing.assert_frame_equal(frame, before[name])
