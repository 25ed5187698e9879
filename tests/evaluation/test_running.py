"""A whole plan in one call: all of SE-KLAR, the same bytes again, masked rehearsals, and what is missing is named."""

import json
from collections.abc import Mapping

import pandas as pd
import pytest

from evaluation import EvaluationError, Plan, run
from evaluation.disclosure import LEAVING, RULES, disclosed
from evaluation.labels import LABELS
from evaluation.plan import FURTHER
from evaluation.remarks import remarks
from tests.evaluation.trials import OFFICES, PLAN, SHORT


@pytest.fixture(scope="module")
def results(deliveries: dict[str, pd.DataFrame]):
    return run(PLAN, deliveries)


pytestmark = pytest.mark.slow


def test_every_table_and_figure_of_the_paper_is_there(results) -> None:
    assert [finding.name for finding in results.findings] == [
        "table-1",
        "table-2",
        "adjusted",
        *("differences", "precision", "bounds"),
        *(f"figure-{number}" for number in ("1", "2", "3", "4", "5", "v1", "6", "7", "8")),
        *("pre-period", "joint-months", "flow", "attrition", "coverage"),
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


def test_an_older_plan_finds_what_it_always_found(deliveries: dict[str, pd.DataFrame]) -> None:
    older = {name: value for name, value in SHORT.to_dict().items() if name != "further"}
    found = run(Plan.from_dict(older), deliveries)
    assert found.manifest["plan"] == Plan.from_dict(older).sha256 != SHORT.sha256
    assert "bounds" not in [finding.name for finding in found.findings]
    assert "band_low" not in found["figure-6"].columns


DESIGN = {"method": {"kind": "permuted_blocks", "multipliers": [1]}, "arms": [["intervention", 5], ["control", 3]]}
RATIOS = {office: {"intervention": 5, "control": 3} for office in OFFICES}
EARLIER = {
    "measure": "RR",
    "outcome": "employed",
    "month": 6,
    "studies": [
        {"study": "Bond 2015", "events_treated": 31, "total_treated": 43, "events_control": 20, "total_control": 44},
        {"study": "Drake 1999", "events_treated": 46, "total_treated": 74, "events_control": 15, "total_control": 76},
        {
            "study": "Hoffmann 2012",
            "events_treated": 21,
            "total_treated": 46,
            "events_control": 15,
            "total_control": 54,
        },
    ],
}
WHOLE = {
    "further": list(FURTHER),
    "received": "follow_up",
    "ratios": RATIOS,
    "design": DESIGN,
    "families": {"work": ["employed", "total_hours"], "benefits": ["aap", "disability_benefit"]},
    "equivalence": {"employed": "2.5"},
    "covariance": "HC2",
    "earlier": EARLIER,
}
NAMED_STUDIES = {study["study"] for study in EARLIER["studies"]}


@pytest.mark.parametrize("masked", [False, True])
def test_a_plan_can_ask_for_everything(deliveries: dict[str, pd.DataFrame], masked: bool) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE)
    found = run(plan, deliveries, masked=masked)
    for name in ("differences", "compliers", "weighted", "precision", "randomisation", "bounds", "joint-months"):
        assert found[name].rows, name
    told = {row["outcome"]: row for row in found["table-2"].records}
    assert told["employed"]["adjusted_p"] >= told["employed"]["p"]
    assert told["aap"]["adjusted_p"] is not None
    assert told["employed_only"]["adjusted_p"] is None
    assert found["precision"].records[0]["verdict"] in ("equivalent", "not_shown")
    assert {row["reason"] for row in found["randomisation"].records} == {""}
    everything = [finding.to_dict() for finding in found.findings]
    assert _unexplained(everything) == []
    assert _without_words(everything) == set()
    assert "intervention" not in json.dumps(everything) or not masked


def _unexplained(findings) -> list[str]:
    """Numbers that are missing in a row without a reason; a p-value outside every family has none by plan."""
    planned = {"adjusted_p", "margin", "p_equivalence", "ci_low", "ci_high", "trimmed", "outcome"}
    planned |= {"tau2", "i2", "predict_low", "predict_high"}  # one study has no variance between studies
    return [
        f"{finding['name']}: {row}"
        for finding in findings
        if not finding["name"].endswith("-forest")  # studies, sums and headings, each with its own columns
        for row in (dict(zip(finding["columns"], values, strict=True)) for values in finding["rows"])
        if not row.get("reason") and any(value is None for key, value in row.items() if key not in planned)
    ]


def _without_words(findings) -> set[str]:
    """Texts in rows and heads of columns that no label says in words."""
    texts = {value for finding in findings for row in finding["rows"] for value in row if isinstance(value, str)}
    heads = {key for one in findings for key in one["columns"]}
    return {key for key in texts | heads if key} - set(LABELS) - NAMED_STUDIES - {SHORT.trial}


def test_a_departure_from_the_plan_is_named_and_marked(deliveries: dict[str, pd.DataFrame]) -> None:
    found = run(SHORT, deliveries, deviations={"covariance": "HC3", "min_hours": "10", "alpha": SHORT.alpha})
    assert found.manifest["plan"] == SHORT.sha256
    assert found.manifest["deviations"] == {
        "min_hours": {"planned": "4", "done": "10"},
        "covariance": {"planned": "classical", "done": "HC3"},
    }
    assert all(finding.notes["exploratory"] == ["covariance", "min_hours"] for finding in found.findings)
    assert "Utforskende" in remarks(found["table-2"].notes)[0]
    planned = run(SHORT, deliveries)
    assert planned.manifest["deviations"] == {}
    assert all("exploratory" not in finding.notes for finding in planned.findings)


def test_a_design_that_did_not_draw_the_arms_is_a_named_result(deliveries: dict[str, pd.DataFrame]) -> None:
    other = {"method": {"kind": "simple"}, "arms": [["control", 1], ["elsewhere", 1]]}
    plan = Plan.from_dict(SHORT.to_dict() | {"further": ["randomisation"], "design": other})
    rows = run(plan, deliveries)["randomisation"].records
    assert {row["reason"] for row in rows} == {"wrong_design"}


def test_where_offices_were_drawn_they_are_what_is_analysed(deliveries: dict[str, pd.DataFrame]) -> None:
    participants = deliveries["participants"].copy()
    team = participants.index % 20
    participants["team"] = [f"T{number:02d}" for number in team]
    participants["county"] = [f"C{number // 10}" for number in team]
    participants["arm"] = ["intervention" if number % 2 else "control" for number in team]
    asked = {"unit": "team", "strata": "county", "covariates": ["age"], "further": list(SHORT.further)}
    found = run(Plan.from_dict(SHORT.to_dict() | asked), deliveries | {"participants": participants})
    assert {row["n"] for row in found["table-2"].records} == {20}
    assert {row["units"] for row in found["likeness"].records} == {20}
    assert found["flow"].records[0]["n"] == len(participants)
    assert run(Plan.from_dict(SHORT.to_dict() | asked), deliveries | {"participants": participants}, masked=True)


def test_strata_with_one_arm_are_named(deliveries: dict[str, pd.DataFrame]) -> None:
    participants = deliveries["participants"].copy()
    participants.loc[participants["office"] == "Moss", "arm"] = "control"
    found = run(SHORT, deliveries | {"participants": participants})
    assert found["table-2"].notes["one_arm"] == ["Moss"]
    assert "Moss" in " ".join(remarks(found["table-2"].notes, "en"))


@pytest.mark.parametrize(("missing", "code"), [("participants", "missing_register"), ("benefits", "unknown_outcome")])
def test_a_missing_delivery_is_named(deliveries: dict[str, pd.DataFrame], missing: str, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        run(SHORT, {name: frame for name, frame in deliveries.items() if name != missing})
    assert caught.value.code == code


@pytest.mark.parametrize("column", ["arm", "office", "start_date"])
def test_an_empty_cell_is_counted_and_named(deliveries: dict[str, pd.DataFrame], column: str) -> None:
    participants = deliveries["participants"].copy()
    participants.loc[[3, 5], column] = None
    with pytest.raises(EvaluationError, match=f"2 persons have no {column}") as caught:
        run(SHORT, deliveries | {"participants": participants})
    assert caught.value.code == "empty_cell"


def test_a_covariate_that_follows_from_another_is_named(deliveries: dict[str, pd.DataFrame]) -> None:
    twice = deliveries["participants"].assign(double=lambda frame: 2.0 * frame["married"])
    plan = {"baseline": [*SHORT.baseline, "double"], "covariates": ["married", "double"]}
    found = run(Plan.from_dict(SHORT.to_dict() | plan), deliveries | {"participants": twice})
    adjusted = found["adjusted"]
    assert [row[adjusted.columns.index("reason")] for row in adjusted.rows] == ["collinear"]
    assert "double" in " ".join(remarks(adjusted.notes, "en"))
    left = disclosed(adjusted.to_dict(), "opensafely")
    assert "determined" not in left["notes"]
    assert [dict(zip(left["columns"], row, strict=True))["reason"] for row in left["rows"]] == [""]


def test_nothing_that_was_given_is_changed(deliveries: dict[str, pd.DataFrame]) -> None:
    before = {name: frame.copy() for name, frame in deliveries.items()}
    run(SHORT, deliveries, masked=True)
    for name, frame in deliveries.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_a_finished_trial_stands_in_the_light_of_earlier_ones(deliveries) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | {"further": ["evidence"], "earlier": EARLIER})
    results = run(plan, deliveries)
    rows = {row["review"]: row for row in results["earlier-trials"].records}
    assert [rows[name]["studies"] for name in ("earlier_trials", "this_trial", "all_trials")] == [3, 1, 4]
    assert plan.trial in [row["study"] for row in results["earlier-trials-forest"].records]


def test_everything_that_a_plan_can_ask_for_may_leave_or_is_hidden(deliveries: dict[str, pd.DataFrame]) -> None:
    results = run(Plan.from_dict(SHORT.to_dict() | WHOLE), deliveries)
    for rule in RULES:
        for finding in results.findings:
            left = disclosed(finding.to_dict(), rule)
            assert left["notes"]["disclosure"] == rule, finding.name
            assert LEAVING not in json.dumps(left)


def test_a_trial_that_fits_no_review_is_named(deliveries) -> None:
    late = {"further": ["evidence"], "earlier": EARLIER | {"outcome": "hours"}}
    (row,) = run(Plan.from_dict(SHORT.to_dict() | late), deliveries)["earlier-trials"].records
    assert (row["review"], row["reason"]) == ("this_trial", "bad_study")


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"measure": "HR"}, "measure"),
        ({"outcome": "luck"}, "luck"),
        ({"month": 90}, "month"),
        ({"studies": []}, "studies"),
        ({"studies": [{"study": "Bond", "events_treated": "many"}]}, "earlier"),
        ({"studies": [EARLIER["studies"][0] | {"events_treated": 99}]}, "row 1"),
    ],
)
def test_earlier_trials_that_cannot_be_read_are_named(changed: dict, word: str) -> None:
    with pytest.raises(EvaluationError, match=word):
        Plan.from_dict(SHORT.to_dict() | {"further": ["evidence"], "earlier": EARLIER | changed})
