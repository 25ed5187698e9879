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
    arms = participants["arm"].value_counts()
    assert {arm: found["table-1"].notes[f"persons_{arm}"] for arm in arms.index} == arms.to_dict()
    assert run(Plan.from_dict(SHORT.to_dict() | asked), deliveries | {"participants": participants}, masked=True)


def test_strata_with_one_arm_are_named(deliveries: dict[str, pd.DataFrame]) -> None:
    participants = deliveries["participants"].copy()
    participants.loc[participants["office"] == "Moss", "arm"] = "control"
    found = run(SHORT, deliveries | {"participants": participants})
    assert found["table-2"].notes["one_arm"] == ["Moss"]
    assert "Moss" in " ".join(remarks(found["table-2"].notes, "en"))
    assert "Moss" not in json.dumps(disclosed(found["table-2"].to_dict(), "opensafely"))


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


SPELLS = ("employment", "benefits", "measures", "education", "work_capacity")


def _reasons(finding) -> list[str]:
    return [row["reason"] for row in finding.records]


@pytest.mark.parametrize("day", ["2012-12-31", "2013-06-30"])
def test_outcomes_that_nobody_was_followed_long_enough_for_keep_no_month_back(deliveries, day: str) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE | {"data_to": day, "months": [-3, 36], "total_months": [1, 36]})
    found = run(plan, deliveries)
    for name in ("table-2", "adjusted", "precision", "weighted", "compliers", "differences"):
        assert set(_reasons(found[name])) == {"no_contrast"}, name
    assert any(row["effect"] is not None for row in found["figure-6"].records)
    everything = [finding.to_dict() for finding in found.findings]
    assert _unexplained([one for one in everything if "reason" in one["columns"]]) == []  # shares have their n
    assert _without_words(everything) == set()


@pytest.mark.parametrize("followed", [1, 7, 8])
def test_what_a_few_persons_of_an_arm_had_does_not_leave(deliveries, followed: int) -> None:
    """A mean of one person is what that person had, and an effect beside the other arm's mean tells it as well."""
    participants = deliveries["participants"].copy()
    control = participants.index[participants["arm"] == "control"]
    participants.loc[control[followed:], "start_date"] = pd.Timestamp("2019-11-11")
    participants.loc[control[followed:], "birth_year"] = None
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE | {"covariates": ["employed_at_start"]})
    results = run(plan, deliveries | {"participants": participants})
    counts = {"n", "level", "treated_missing", "control_missing", "missing"}
    for name in ("table-2", "adjusted", "differences", "compliers", "weighted", "precision", "randomisation", "bounds"):
        left = disclosed(results[name].to_dict(), "opensafely")
        rows = [dict(zip(left["columns"], row, strict=True)) for row in left["rows"]]
        numbers = [value for row in rows for key, value in row.items() if key not in counts and value is not None]
        assert any(isinstance(value, float) for value in numbers) == (followed > 7), name
    (age,) = [row for row in disclosed(results["table-1"].to_dict(), "opensafely")["rows"] if row[0] == "age"]
    assert (age[1] is None) == (followed <= 7)


def test_a_plan_without_months_before_the_start_says_so(deliveries) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | {"months": [0, 6]})
    found = run(plan, deliveries)
    assert set(_reasons(found["pre-period"])) == set(_reasons(found["differences"])) == {"no_months"}
    windows = {(row["window"], row["reason"]) for row in found["joint-months"].records}
    assert windows == {("before", "no_months"), ("after", "")}


def test_a_rehearsal_before_both_arms_have_people_is_refused_by_name(deliveries) -> None:
    participants = deliveries["participants"].head(1)
    with pytest.raises(EvaluationError, match="there are 1 now") as caught:
        run(SHORT, deliveries | {"participants": participants}, masked=True)
    assert caught.value.code == "not_two_arms"


@pytest.mark.parametrize("covariance", ["HC2", "HC3"])
def test_who_is_alone_in_an_office_does_not_fail_the_check(deliveries, covariance: str) -> None:
    participants = deliveries["participants"].copy()
    participants.loc[0, "office"] = "Vestby"
    found = run(SHORT, deliveries | {"participants": participants}, deviations={"covariance": covariance})
    assert found.manifest["check"]["largest"] <= 1e-8
    assert found["table-2"].notes["one_arm"] == ["Vestby"]


def test_what_a_plan_asks_for_and_the_deliveries_do_not_give_keeps_no_other_table_back(deliveries) -> None:
    asked = {"received": "took", "ratios": {"Moss": {"intervention": 5, "control": 3}}, "subgroups": ["age", "men"]}
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE | asked)
    found = run(plan, deliveries)
    assert _reasons(found["compliers"]) == ["unknown_outcome"]
    assert _reasons(found["weighted"]) == ["unknown_ratio"]
    assert _reasons(found["subgroups"]) == ["not_a_mark", "not_a_mark", "", ""]
    assert _without_words([finding.to_dict() for finding in found.findings]) == set()


@pytest.mark.parametrize("empty", [SPELLS[:1], SPELLS])
def test_registers_that_know_nothing_of_anybody_give_a_reason_for_every_row(deliveries, empty: tuple[str, ...]) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE)
    found = run(plan, deliveries | {name: deliveries[name].iloc[:0] for name in empty})
    assert {row["reason"] for row in found["table-2"].records if row["outcome"] == "employed"} == {"no_variance"}
    assert _reasons(found["earlier-trials"]) == ["no_events"]
    everything = [finding.to_dict() for finding in found.findings]
    assert _unexplained(everything) == []
    assert _without_words(everything) == set()
    left = disclosed(found["earlier-trials"].to_dict(), "opensafely")
    assert [row[-1] for row in left["rows"]] == ["hidden_counts"]


def test_minimisation_is_drawn_again_where_its_factors_were_delivered(deliveries) -> None:
    method = {"kind": "minimisation", "factors": {"office": 1, "sex": 2}, "probability": [4, 5]}
    design = {"method": method, "arms": [["intervention", 1], ["control", 1]]}
    plan = Plan.from_dict(SHORT.to_dict() | {"further": ["randomisation"], "design": design, "totals": ["employed"]})
    few = deliveries | {"participants": deliveries["participants"].head(16)}
    assert _reasons(run(plan, few)["randomisation"]) == [""]
    without = few | {"participants": few["participants"].drop(columns="sex")}
    sparse = Plan.from_dict(plan.to_dict() | {"baseline": ["age"], "covariates": ["age"]})
    assert _reasons(run(sparse, without)["randomisation"]) == ["missing_factor"]


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
