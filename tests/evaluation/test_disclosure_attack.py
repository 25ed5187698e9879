"""No released table lets a hidden count be worked out: random trials, released and attacked by linear programming."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import cell_effects, disclosure
from evaluation.baseline import baseline_table
from evaluation.cell_effects import effects_from_cells, fewest_beside, fewest_of, shares_from_cells
from evaluation.disclosure import RULES, SMALLEST, Rule, disclosed
from evaluation.figures import effects_figure, shares_figure
from evaluation.finding_tables import baseline_finding, table
from evaluation.flow import attrition, participant_flow
from evaluation.monthly_cells import cells_of
from tests.evaluation.attack import Secrets, ends, intervals_left

ARMS = ("intervention", "control")
PARTS = ("aap_and_employed", "aap_only")
STATES = ("aap", *PARTS, "employed")
LEVELS = tuple(f"work_capacity_{name}" for name in ("standard", "situational", "specially_adapted", "unknown"))
NIGHTLY = 20  # times as many
Row = dict[str, Any]
Attack = Callable[[np.random.Generator, Rule], Iterator[str]]


def _people(rng: np.random.Generator, persons: int) -> pd.DataFrame:
    """A made-up trial of one office in which states may be rare, common or anything between."""
    arm = np.where(rng.random(persons) < rng.choice([0.5, 0.62]), *ARMS)
    arm[:2] = ARMS
    aap, job = (rng.random(persons) < rng.choice([0.02, 0.06, 0.2, 0.5, 0.9, 0.97]) for _ in range(2))
    level = rng.choice(len(LEVELS), persons, p=rng.dirichlet([0.3] * len(LEVELS)))
    people = pd.DataFrame({"participant_number": np.arange(persons), "office": "Moss", "arm": arm, "month": 1})
    people = people.assign(aap=aap, employed=job, aap_and_employed=aap & job, aap_only=aap & ~job)
    return people.assign(**{name: level == place for place, name in enumerate(LEVELS)})


def _size(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(20), np.log(400))))


def _records(content: Row) -> list[Row]:
    return [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]


def _figures(people: pd.DataFrame, rule: Rule) -> tuple[list[Row], list[Row]]:
    cells = cells_of(people, outcomes=STATES, months=(1, 1))
    few, beside = fewest_of(cells), fewest_beside(cells)
    effects = effects_from_cells(cells)
    notes = {SMALLEST: [few[key] for key in zip(effects["outcome"], effects["month"], strict=True)]}
    shares = shares_from_cells(cells)
    told = {SMALLEST: [beside.get(key) for key in zip(shares["outcome"], shares["month"], shares["arm"], strict=True)]}
    shown = (shares_figure("4", shares, ARMS, told), effects_figure("7", effects, notes))
    left, differences = (_records(disclosed(one.to_dict(), rule.name)) for one in shown)
    return left, differences


def _hidden_in_figures(secrets: Secrets, people: pd.DataFrame, rule: Rule, prefix: str = "") -> dict[str, int]:
    """Add what two figures tell to what the attacker knows; the true value of every hidden count."""
    shares, differences = _figures(people, rule)
    sizes = people["arm"].value_counts()
    truth = {
        f"{prefix}{name} {arm}": int(people.loc[people["arm"] == arm, name].sum()) for name in STATES for arm in ARMS
    }
    hidden = {}
    for row in shares:
        name, whole = f"{prefix}{row['outcome']} {row['arm']}", int(sizes[row["arm"]])
        secrets.count(name, 0, whole)
        if row["mean"] is None:
            hidden[name] = truth[name]
            if rule.count(whole) is not None and row["outcome"] not in PARTS:
                secrets.either_few(name, whole, rule)
            continue
        secrets.count(name, rule.hides_up_to + 1, whole - rule.hides_up_to - 1)
        shown = round(row["mean"] * rule.count(whole))
        secrets.count(name, ends(shown, rule)[0], ends(shown, rule)[1] if row["mean"] < 1 else whole)
    for row in differences:
        names = [f"{prefix}{row['outcome']} {arm}" for arm in ARMS]
        if row["effect"] is not None:
            for name, arm in zip(names, ARMS, strict=True):
                secrets.count(name, rule.hides_up_to + 1, int(sizes[arm]) - rule.hides_up_to - 1)
            step = float(disclosure.step_of(len(people), rule))
            ranges = [secrets.ends(name) for name in names]
            left = intervals_left(row, tuple(map(int, sizes[list(ARMS)])), ranges, step)
            for name, (low, high) in zip(names, left, strict=True):
                secrets.count(name, low, high)
    for arm in ARMS:
        secrets.adds_up([f"{prefix}{part} {arm}" for part in PARTS], f"{prefix}aap {arm}")
        secrets.at_most(f"{prefix}aap_and_employed {arm}", f"{prefix}employed {arm}")
    assert secrets.holds(truth)
    return hidden


def _pinned(secrets: Secrets, hidden: dict[str, int]) -> Iterator[str]:
    for name, true in hidden.items():
        if secrets.other_value(name, true) is None:
            yield name


def figures(rng: np.random.Generator, rule: Rule) -> Iterator[str]:
    secrets = Secrets()
    yield from _pinned(secrets, _hidden_in_figures(secrets, _people(rng, _size(rng)), rule))


def nested_figures(rng: np.random.Generator, rule: Rule) -> Iterator[str]:
    """The trial, and later the same trial with more persons: as near as two releases may be, or farther."""
    return _nested(rng, rule, rule.hides_up_to + int(rng.integers(1, 20)))


def too_near(rng: np.random.Generator, rule: Rule) -> Iterator[str]:
    """The same, with so few more persons that the second release would be refused."""
    return _nested(rng, rule, int(rng.integers(1, rule.hides_up_to + 1)))


def _nested(rng: np.random.Generator, rule: Rule, newcomers: int) -> Iterator[str]:
    """So many persons come to each arm."""
    people = _people(rng, _size(rng) + 4 * newcomers)
    new = people.groupby("arm").cumcount() < newcomers
    earlier, sizes = people[~new], [dict(part["arm"].value_counts()) for part in (people[~new], people)]
    if earlier["arm"].nunique() < 2:
        return
    assert disclosure.far_enough(sizes[1], sizes[:1], rule.name) == (newcomers > rule.hides_up_to)
    secrets = Secrets()
    hidden = _hidden_in_figures(secrets, earlier, rule) | _hidden_in_figures(secrets, people, rule, "later ")
    for name in STATES:
        for arm in ARMS:
            secrets.must({f"later {name} {arm}": 1.0, f"{name} {arm}": -1.0}, 0, newcomers)
    yield from _pinned(secrets, hidden)


def baseline(rng: np.random.Generator, rule: Rule) -> Iterator[str]:
    """Levels that add up to everyone, beside two other marks."""
    people = _people(rng, _size(rng))
    names = (*LEVELS, "aap", "employed")
    sizes = {arm: int((people["arm"] == arm).sum()) for arm in ARMS}
    notes = {f"n_{arm}": size for arm, size in sizes.items()}
    content = baseline_finding(baseline_table(people, variables=names).table, notes, "control").to_dict()
    secrets, hidden = Secrets(), {}
    truth = {f"{name} {arm}": int(people.loc[people["arm"] == arm, name].sum()) for name in names for arm in ARMS}
    for row in _records(disclosed(content, rule.name)):
        for arm, size in sizes.items():
            name = secrets.count(f"{row['variable']} {arm}", 0, size)
            if row[arm] is None:
                hidden[name] = truth[name]  # in which arm it is small, nobody is told
            else:
                secrets.count(name, max(ends(round(row[arm] * rule.count(size)), rule)[0], rule.hides_up_to + 1))
                secrets.count(name, 0, size - rule.hides_up_to - 1)
    for arm, size in sizes.items():
        secrets.must({f"{level} {arm}": 1.0 for level in LEVELS}, size, size)
    assert secrets.holds(truth)
    yield from _pinned(secrets, hidden)


def flow(rng: np.random.Generator, rule: Rule) -> Iterator[str]:
    """The flow of participants, and who was lost of whom."""
    people = _people(rng, _size(rng)).astype({"aap": float})
    people["aap"] = people["aap"].where(rng.random(len(people)) > rng.choice([0.0, 0.01, 0.04, 0.2]))
    found = people[rng.random(len(people)) < rng.choice([0.7, 0.97, 1.0])]
    steps = participant_flow(people, {"benefits": found}, outcomes=["aap"])
    lost = attrition(people, outcomes=["aap"])
    secrets, hidden, truth = Secrets(), {}, {}
    shown = _records(disclosed(table("flow", steps, {}).to_dict(), rule.name))
    for row, true in zip(shown, steps.to_dict("records"), strict=True):
        for column in (
            "treated_n",
            "control_n",
            *(() if "treated_n" in disclosure.PARTS else ("n",)),
        ):  # a sum of these tells nothing
            name = f"{row['step']} {column}"
            truth[name] = true[column]
            secrets.released(name, row[column], rule) if true[column] else secrets.count(name)
            hidden |= {name: true[column]} if row[column] is None else {}
        secrets.adds_up([f"{row['step']} treated_n", f"{row['step']} control_n"], secrets.count(f"{row['step']} n"))
    row, true = _records(disclosed(table("attrition", lost, {}).to_dict(), rule.name))[0], lost.iloc[0]
    for side in ("treated", "control"):
        name = f"{side} missing"
        truth[name] = int(true[f"{side}_missing"])
        secrets.released(name, row[f"{side}_missing"], rule) if truth[name] else secrets.count(name, 0, 0)
        hidden |= {name: truth[name]} if truth[name] and row[f"{side}_missing"] is None else {}
        secrets.count(name, 1 if truth[name] else 0)  # nobody missing is said
        secrets.adds_up([f"analysed {side}_n", name], f"drawn {side}_n")
        secrets.at_most(f"in_registers {side}_n", f"drawn {side}_n")
    assert secrets.holds(truth)
    yield from _pinned(secrets, {name: true for name, true in hidden.items() if true})


ATTACKS: dict[Attack, int] = {figures: 120, nested_figures: 60, baseline: 160, flow: 160}
"""How many tables each attacks: 500 in all."""


def _found(attack: Attack, rule: str, seed: int, tables: int) -> list[str]:
    rng = np.random.default_rng([seed, sorted(RULES).index(rule)])
    return [f"{rule}: {name}" for _ in range(tables) for name in attack(rng, RULES[rule])]


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "tables"), ATTACKS.items(), ids=[attack.__name__ for attack in ATTACKS])
def test_no_hidden_count_can_be_worked_out(attack: Attack, tables: int) -> None:
    shares = {"opensafely": 0.6, "ssb3": 0.2, "strict10": 0.2}
    found = [
        name for rule, share in shares.items() for name in _found(attack, rule, seed=7, tables=int(share * tables))
    ]
    assert found == []


@pytest.mark.nightly
@pytest.mark.parametrize(("attack", "tables"), ATTACKS.items(), ids=[attack.__name__ for attack in ATTACKS])
def test_no_hidden_count_can_be_worked_out_in_ten_thousand_tables(attack: Attack, tables: int) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    each = NIGHTLY * tables // len(RULES)
    assert [name for rule in RULES for name in _found(attack, rule, seed, each)] == []


def _exact(row: Row, keys: Any, _n: Any, _rule: Any, _alpha: float = 0.05) -> Row:
    return {key: row[key] for key in keys if key in row}


BROKEN: tuple[tuple[Attack, dict[str, Any]], ...] = (
    (figures, {"_coarse": _exact, "step_of": lambda _n, _rule: 1e-9, "_hidden_with": lambda _cells: {}}),
    (too_near, {}),
    (baseline, {"_levels_hidden": lambda rows, _arms, _rule: rows}),
    (flow, {"PARTS": ("nothing",)}),
)


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "broken"), BROKEN, ids=("effects", "near", "levels", "sums"))
def test_the_attack_finds_what_a_broken_rule_lets_out(
    monkeypatch: pytest.MonkeyPatch, attack: Attack, broken: dict[str, Any]
) -> None:
    for name, instead in broken.items():
        monkeypatch.setattr(disclosure if hasattr(disclosure, name) else cell_effects, name, instead)
    assert any(_found(attack, rule, seed, 10) for seed in range(12) for rule in ("ssb3", "opensafely"))


def _all_on_aap() -> pd.DataFrame:
    """Everyone of 31 and all but two of 26 are on AAP: both parts are shown at an end of their ranges."""
    rows = [(arm, aap, job) for arm, aap, job, n in CORNER for _ in range(n)]
    people = pd.DataFrame(rows, columns=["arm", "aap", "employed"]).assign(office="Moss", month=1)
    people = people.assign(aap_and_employed=people["aap"] & people["employed"], participant_number=people.index)
    return people.assign(aap_only=people["aap"] & ~people["employed"])


CORNER = (
    ("intervention", True, True, 18),
    ("intervention", True, False, 13),
    ("control", True, True, 11),
    ("control", True, False, 13),
    ("control", False, True, 1),
    ("control", False, False, 1),
)


@pytest.mark.slow
def test_two_parts_do_not_tell_their_whole_in_the_corner_of_their_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[str]:
        secrets = Secrets()
        return list(_pinned(secrets, _hidden_in_figures(secrets, _all_on_aap(), RULES["opensafely"])))

    assert told() == []
    monkeypatch.setattr(cell_effects, "_hidden_with", lambda _cells: {})
    assert told() == ["aap intervention"]
