"""The state that each stratum keeps is what its history gives: counted again here from the log, leaf by leaf.

A draw reads the kept state and never the history, which is why it costs the same after 100,000 others.
"""

import json
from collections import defaultdict

import pytest

from evaluation.design import replay
from tests.allocation.history import History, live_long
from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast, drawing
from trial.access.planes import maintenance
from trial.allocation import verify
from trial.allocation.contributions import block_context
from trial.allocation.models import LogLeaf, StratumState
from trial.allocation.monitoring import faults_of
from trial.allocation.queries import anchors_of, bundle_of

pytestmark = pytest.mark.slow

METHODS = {
    "permuted_blocks": {"kind": "permuted_blocks", "multipliers": [1, 2]},
    "simple": {"kind": "simple"},
    "fixed_counts": {"kind": "fixed_counts", "counts": {"intervention": 150, "control": 90}},
}


def recounted(made: DrawCast) -> dict[str, list]:
    """stratum -> [enrolled, drawn, the rule's state], replayed from the log."""
    with maintenance():
        texts = LogLeaf.objects.filter(trial=made.trial).order_by("seq").values_list("text", flat=True)
        leaves, known = [json.loads(text) for text in texts], History(made)
    people = {leaf["who"]: leaf for leaf in leaves if leaf["type"] == "ENROL"}
    enrolled, arms = defaultdict(int), defaultdict(list)
    for leaf in leaves:
        if leaf["type"] == "ENROL":
            enrolled[leaf["stratum"]] += 1
        elif leaf["type"] == "ALLOC":
            person = people[leaf["who"]]
            arms[person["stratum"]].append((leaf["arm"], person["factors"]))

    def state(stratum: str) -> list:
        rule = known.document.rule(lambda b: known.parties.number(block_context(made.trial.code, stratum, b)))
        return [enrolled[stratum], len(arms[stratum]), replay(rule, arms[stratum])]

    return {stratum: state(stratum) for stratum in known.states}


def kept(made: DrawCast) -> dict[str, list]:
    with maintenance():
        rows = StratumState.objects.filter(trial=made.trial)
        return {row.stratum: [row.enrolled, row.drawn, row.state] for row in rows}


@pytest.mark.parametrize("kind", METHODS)
def test_kept_states_are_what_the_log_gives(db, simulated_clock, kind: str):
    made = drawing(mode="unattended", method=METHODS[kind])
    for person in made.people(12):
        made.enrol(person)
    assert json.loads(json.dumps(recounted(made))) == kept(made)


def test_a_state_that_was_changed_is_not_what_the_log_gives(db, simulated_clock):
    made = drawing(mode="unattended")
    made.enrol(made.people()[0])
    changed = kept(made)
    changed["Moss"][2][2][0] += 1
    assert json.loads(json.dumps(recounted(made))) != changed


def test_a_history_written_in_bulk_is_one_that_the_application_goes_on_with(db, simulated_clock):
    made = drawing(mode="unattended")
    live_long(made, 200, checkpoints=4)
    for person in made.people(5):
        assert made.enrol(person).arm is not None
    assert json.loads(json.dumps(recounted(made))) == kept(made)
    with maintenance():
        assert faults_of(made.trial) == []
    open_up(made)
    assert list(verify.findings(bundle_of(made.trial), anchors_of(made.trial))) == []
