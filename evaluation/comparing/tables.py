"""The tables of a comparison, numbered as in the report (Proba 2020), from the frames that describe them."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from evaluation.comparing.models import STEPS, by_age, full_model, step_by_step, variants, with_aap
from evaluation.comparing.rule import held_to_the_rule
from evaluation.comparing.sample import Comparison
from evaluation.comparing.sensitivity import TwoModels, oster_bound
from evaluation.comparing.weighting import balance, selection_model, weighted_difference
from evaluation.finding_tables import Layout, laid_out
from evaluation.findings import Finding
from evaluation.in_measure import concurrent_measures
from evaluation.into_work import retention, transitions
from evaluation.linear_models import linear_probability
from evaluation.tables import stars

_TESTS: Final = ("estimate", "se", "t", "p", "stars", "ci_low", "ci_high")
MODELS: Final = tuple(f"model_{place}" for place, _step in enumerate(STEPS, start=1))
_ARMS: Final = ("treated_mean", "control_mean", "treated_n", "control_n")
LAYOUTS: Final[Mapping[str, Layout]] = {
    "table-2-1": Layout(
        "Tabell 2.1. Andre tiltak underveis", "Table 2.1. Other measures meanwhile", ("measure", *_ARMS)
    ),
    "table-3-1": Layout("Tabell 3.1. Utvalget", "Table 3.1. The sample", ("sample", "treated_n", "control_n", "n")),
    "sample-rule": Layout(
        "Utvalget mot regelen for det",
        "The sample against its rule",
        ("start", "treated_n", "control_n", "n"),
    ),
    "table-3-2": Layout(
        "Tabell 3.2. Kjennetegn ved start",
        "Table 3.2. Characteristics at start",
        ("variable", "treated_mean", "control_mean", "difference", "missing"),
    ),
    "table-4-1": Layout("Tabell 4.1. Overgang til arbeid", "Table 4.1. Into work", ("kind", *_ARMS)),
    "table-4-2": Layout("Tabell 4.2. I jobb på to tidspunkter", "Table 4.2. In work on two occasions", ("at", *_ARMS)),
    "table-4-3": Layout("Tabell 4.3. Hele modellen", "Table 4.3. The whole model", ("term", *_TESTS)),
    "table-4-4": Layout(
        "Tabell 4.4. Samspill med AAP", "Table 4.4. Interaction with AAP", ("term", *_TESTS, "r2", "n")
    ),
    "table-4-5": Layout("Tabell 4.5. Etter alder", "Table 4.5. By age", ("sample", "term", *_TESTS, "r2", "n")),
    "table-4-6": Layout(
        "Tabell 4.6. I jobb på begge tidspunkter", "Table 4.6. In work on both occasions", ("term", *_TESTS, "r2", "n")
    ),
    "table-4-7": Layout(
        "Tabell 4.7. Jobb uten lønnstilskudd", "Table 4.7. Work without a wage subsidy", ("term", *_TESTS, "r2", "n")
    ),
    "table-v1": Layout(
        "Tabell V1. Steg for steg", "Table V1. Step by step", ("model", "added", *_TESTS, "change", "r2", "n")
    ),
    "table-v1-terms": Layout(
        "Modellene i tabell V1 side om side", "The models of table V1 side by side", ("term", *MODELS)
    ),
    "variants": Layout(
        "Andre måter å være i jobb på", "Other ways of being in work", ("outcome", *_TESTS, "r2", "n", "reason")
    ),
    "selection": Layout(
        "Hvem som kommer i hvilket tiltak",
        "Who comes into which measure",
        ("term", "odds_ratio", "ci_low", "ci_high", "z", "p"),
    ),
    "balance": Layout(
        "Likhet før og etter vekting", "Likeness before and after weighting", ("term", "smd_before", "smd_after")
    ),
    "weighted-difference": Layout(
        "Forskjellen når gruppene gjøres like",
        "The difference when the groups are made alike",
        ("estimator", "estimate", "se", "z", "p", "stars", "ci_low", "ci_high", "n", "clusters"),
    ),
    "oster": Layout(
        "Hvor sterkt det umålte må være",
        "How strong the unmeasured must be",
        ("estimate", "effect", "delta", "r2", "r2_max"),
    ),
}
SELECTED_ON: Final = (
    *("age", "age_squared", "women", "immigrant", "education", "diagnosis"),
    *("employed_at_start", "months_employed", "reduced_capacity", "unemployment", "year_month"),
)
BESIDE: Final[Mapping[str, tuple[str, ...]]] = {"mentor": ("MENTOR",), "inclusion_grant": ("INKLUTILS",)}
CLUSTERED: Final = {"covariance": "cluster", "effects": ["office", "year_month"], "marks": "10, 5, 1"}


class Tables:
    """One method a table; `notes` say how its numbers were made."""

    def __init__(self, data: Comparison) -> None:
        self.data = data
        self.plan = data.plan

    def _laid(self, name: str, rows: pd.DataFrame, notes: Mapping[str, Any] | None = None) -> Finding:
        marked = rows.assign(stars=rows["p"].map(stars)) if "p" in rows else rows
        if "term" in marked:  # the treatment by its own name
            marked = marked.assign(term=marked["term"].str.replace(r"^treated\b", self.plan.treated, regex=True))
        arms = {"treated": self.plan.treated, "control": self.plan.control}
        told = {"arms": arms} if "treated_n" in LAYOUTS[name].columns or "treated_mean" in LAYOUTS[name].columns else {}
        return laid_out(name, LAYOUTS[name], marked, told | dict(notes or {}))

    def sample(self) -> Finding:
        """Table 3.1: who started, and who could be followed so far."""
        people = self.data.people
        known = {"starters": people["treated"], "observed": people["employed"], "observed_later": people["later"]}
        rows = [{"sample": name} | self._counts(people[values.notna()]) for name, values in known.items()]
        return self._laid("table-3-1", pd.DataFrame(rows))

    def rule(self) -> Finding:
        """Whether the participants start as the rule of the sample says."""
        frames = self.data.frames
        return self._laid("sample-rule", held_to_the_rule(self.plan, frames["participants"], frames["measures"]))

    def _counts(self, people: pd.DataFrame) -> dict[str, int]:
        treated = int((people["treated"] == 1).sum())
        return {"treated_n": treated, "control_n": len(people) - treated, "n": len(people)}

    def characteristics(self) -> Finding:
        """Table 3.2: shares at the start."""
        marks = _marks(self.data.people)
        treated = self.data.people["treated"] == 1
        rows = pd.DataFrame(
            {
                "variable": list(marks),
                "treated_mean": marks[treated].mean().to_numpy(),
                "control_mean": marks[~treated].mean().to_numpy(),
                "missing": marks.isna().sum().to_numpy(),
            }
        )
        return self._laid("table-3-2", rows.assign(difference=rows["treated_mean"] - rows["control_mean"]))

    def meanwhile(self) -> Finding:
        """Table 2.1: other measures from the second to the second last month in this one."""
        panel = self.data.panel.assign(**{name: self.data.in_codes(codes) for name, codes in BESIDE.items()})
        others = ["work_practice", "wage_subsidy", "mentor", "training", "inclusion_grant"]
        return self._by_arm("table-2-1", concurrent_measures(panel, others=others), "measure")

    def into_work(self) -> Finding:
        """Table 4.1: in work in the plan's month, by kind of work."""
        return self._by_arm("table-4-1", transitions(self.data.panel, month=self.plan.month), "kind")

    def retained(self) -> Finding:
        """Table 4.2: in work in the plan's two months, and in both."""
        months = (self.plan.month, self.plan.later)
        return self._by_arm("table-4-2", retention(self.data.panel, months=months), "at")

    def _by_arm(self, name: str, shares: pd.DataFrame, key: str) -> Finding:
        arms = {"treated": self.plan.treated, "control": self.plan.control}
        parts = [
            shares[shares["arm"] == arm].set_index(key)[["share", "n"]].set_axis([f"{side}_mean", f"{side}_n"], axis=1)
            for side, arm in arms.items()
        ]
        return self._laid(name, parts[0].join(parts[1]).reset_index())

    def whole_model(self) -> Finding:
        """Table 4.3."""
        model = full_model(self.data.people)
        return self._laid("table-4-3", model.table, CLUSTERED | {"r2": model.r2, "n": model.n, "mean": model.mean})

    def with_aap(self, name: str = "table-4-4", outcome: str = "employed") -> Finding:
        """Tables 4.4, 4.6 and 4.7: the effect without and with AAP."""
        found = with_aap(self.data.people, outcome)
        return self._laid(name, _told(found), CLUSTERED | {"mean": found["mean"]})

    def by_age(self) -> Finding:
        """Table 4.5."""
        parts = [_told(found).assign(sample=name) for name, found in by_age(self.data.people).items()]
        return self._laid("table-4-5", pd.concat(parts, ignore_index=True), CLUSTERED)

    def steps(self) -> list[Finding]:
        """Table V1, and every term of its models but the many of time."""
        found = step_by_step(self.data.people)
        notes = {"covariance": "cluster", "marks": CLUSTERED["marks"], "left_out": found.left_out, "mean": found.mean}
        terms = found.terms[~found.terms["term"].str.startswith("year_month[")]
        order = terms["term"].drop_duplicates()
        beside = terms.pivot(index="term", columns="model", values="estimate").loc[order].set_axis(MODELS, axis=1)
        return [
            self._laid("table-v1", found.table, notes),
            self._laid("table-v1-terms", beside.reset_index(), {"covariance": "cluster"}),
        ]

    def variants(self) -> Finding:
        """The whole model for every way of being in work."""
        return self._laid("variants", variants(self.data.people), CLUSTERED)

    def selection(self) -> list[Finding]:
        """Who comes into which measure, how alike weights make the groups, and what is then left of the difference."""
        known = self.data.people.dropna(subset=["employed", "treated", *SELECTED_ON])
        asked: dict[str, Any] = {"treatment": "treated", "covariates": SELECTED_ON}
        model = selection_model(known, **asked)
        alike = balance(known, **asked, probability=model.probability)
        left = weighted_difference(known, outcome="employed", cluster="office", **asked)
        return [
            self._laid("selection", model.table, {"pseudo_r2": model.pseudo_r2, "n": model.n}),
            self._laid("balance", alike),
            self._laid("weighted-difference", left, {"covariance": "cluster"}),
        ]

    def unmeasured(self) -> Finding:
        """Oster's bound on the whole model's effect."""
        models = two_models(self.data.people)
        bound = oster_bound(models)
        row = {"estimate": models.long, "r2": models.long_r2} | bound.__dict__
        return self._laid("oster", pd.DataFrame([row]))


def two_models(people: pd.DataFrame, outcome: str = "employed") -> TwoModels:
    """The treatment alone and with everything, as Oster's bound compares them, on the rows of the whole model."""
    steps = step_by_step(people, outcome)
    short, long = steps.table.iloc[0], steps.table.iloc[-1]
    names = [name for name in steps.names if name != "office"]
    rows = people.dropna(subset=[outcome, "treated", "office", *names])
    treated = rows["treated"]
    first, *covariates = names
    left = linear_probability(rows, outcome="treated", treatment=first, covariates=covariates, absorb=("office",))
    return TwoModels(
        short=short["estimate"],
        short_r2=short["r2"],
        long=long["estimate"],
        long_r2=long["r2"],
        outcome_variance=float(rows[outcome].var(ddof=0)),
        treatment_variance=float(treated.var(ddof=0)),
        residual_variance=float(treated.var(ddof=0)) * (1 - left.r2),
    )


def _told(found: Mapping[str, Any]) -> pd.DataFrame:
    rows: pd.DataFrame = found["rows"]
    return rows.assign(r2=found["r2"], n=found["n"])


def _marks(people: pd.DataFrame) -> pd.DataFrame:
    """The shares of table 3.2, in its order."""
    age, known = people["age"], people["age"].notna()
    bounds = {"age_24_or_less": (0, 25), "age_25_29": (25, 30), "age_30_39": (30, 40), "age_40_49": (40, 50)}
    marks = {"women": people["women"], "men": 1 - people["women"]}
    marks |= {name: ((age >= low) & (age < high)).astype(float).where(known) for name, (low, high) in bounds.items()}
    marks["age_50_or_more"] = (age >= 50).astype(float).where(known)
    marks["born_in_norway"] = 1 - people["immigrant"]
    for name in ("education", "diagnosis"):
        column = people[name]
        marks |= {level: (column == level).astype(float).where(column.notna()) for level in column.cat.categories}
    for name in ("disability_at_start", "employed_at_start", "reduced_capacity"):
        marks[name] = people[name]
    return pd.DataFrame(marks)
