"""What two persons read before they lock: figures of each stratum, and a rehearsal that the verifier has judged."""

import json
from datetime import date

import numpy as np
import pytest

from tests.allocation.trials import DrawCast, locked
from tests.cast import acting
from trial.allocation import verify
from trial.allocation.models import Protocol
from trial.allocation.protocols import Document
from trial.allocation.rehearsal import rehearse
from trial.allocation.report import shown

pytestmark = pytest.mark.slow

ARMS = [["intervention", 5], ["control", 3]]
STRATA = {"Moss": 40, "Rygge": 20}


def document(method: dict, *, arms=ARMS, mode: str = "attended", **content) -> Document:
    said = {"version": 1, "trial": "se-klar", "mode": mode, "arms": arms, "strata": list(STRATA), "method": method}
    return Document(said | {"factors": {}, "beacon": "", "consent_form": "", "analysis_plan": ""} | content)


def rehearsed(method: dict, **content):
    return rehearse(document(method, **content), STRATA, np.random.default_rng(1))


PAIR = [["a", 1], ["b", 1]]
EVERY_KIND = [
    ({"kind": "simple"}, {}),
    ({"kind": "permuted_blocks", "multipliers": [1, 2]}, {"beacon": "drand"}),
    ({"kind": "fixed_counts", "counts": {"intervention": 50, "control": 30}}, {"mode": "unattended"}),
    ({"kind": "biased_coin", "probability": [2, 3]}, {"arms": PAIR}),
    ({"kind": "big_stick", "bound": 3}, {"arms": PAIR}),
    ({"kind": "urn", "alpha": 0, "beta": 1}, {"arms": PAIR}),
    ({"kind": "maximal", "bound": 3, "length": 48}, {"arms": PAIR}),
    (
        {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]},
        {"factors": {"sex": ["man", "woman"]}},
    ),
]


@pytest.mark.parametrize(("method", "content"), EVERY_KIND, ids=[method["kind"] for method, _ in EVERY_KIND])
def test_a_rehearsal_of_every_method_passes_the_verifier(method, content):
    played = rehearsed(method, **content)
    assert (played["people"], played["findings"]) == (60, [])
    assert [sum(row[1:]) for row in played["counts"]] == list(STRATA.values())
    assert played["leaves"] == 121


def test_the_rehearsals_verifier_would_have_spoken_up(monkeypatch):
    honest = verify.findings

    def after_a_change(bundle, anchors):
        bundle["leaves"][2]["arm"] = "another"
        return honest(bundle, anchors)

    monkeypatch.setattr("trial.allocation.rehearsal.verify.findings", after_a_change)
    assert rehearsed({"kind": "simple"})["findings"]


def test_a_rehearsal_counts_those_whom_a_full_list_turns_away():
    played = rehearsed({"kind": "fixed_counts", "counts": {"intervention": 15, "control": 9}})
    assert (played["people"], played["turned_away"]) == (24 + 20, 16)


def test_the_report_has_a_row_for_each_stratum_and_each_number_of_earlier_arms(db, simulated_clock):
    made: DrawCast = locked(planned_start=date(2026, 4, 1), planned_end=date(2028, 4, 1))
    with acting(made.cast.lead):
        report = Protocol.objects.get(pk=made.protocol.pk).report
    assert [row["stratum"] for row in report["rows"]] == ["Hurum", "Moss", "Rygge", "Røyken"]
    assert {row["draws"] for row in report["rows"]} == {67}
    assert len(report["guess_by_draw"]) == len(report["certain_by_draw"]) == 67
    assert report["people"] == report["rehearsal"]["people"] == 268
    low, middle, high = report["months"]
    assert low < middle < high
    page = shown(json.loads(json.dumps(report)))
    assert len(page["by_draw"]) <= 40
    assert page["by_draw"][0][:2] == (0, 62.5)
    assert page["rows"][0]["guess_share_percent"] == round(100 * report["guess_share"], 1)


def test_minimisation_looks_back_on_the_whole_trial_and_has_one_row(db, simulated_clock):
    made = locked(
        factors={"sex": ["man", "woman"]},
        method={"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]},
        planned_size=40,
    )
    with acting(made.cast.lead):
        report = Protocol.objects.get(pk=made.protocol.pk).report
    assert [(row["stratum"], row["draws"]) for row in report["rows"]] == [("", 40)]
    assert not report["exact"]


def test_strata_of_a_factor_are_drawn_each_on_its_own(db, simulated_clock):
    made = locked(factors={"sex": ["man", "woman"]}, strata_by=["sex"])
    document = Document.read(made.protocol.text)
    assert document.content["strata"] == ["man", "woman"]
    assert "unit" not in document.content
