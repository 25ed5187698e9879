"""The tables of the questionnaire study (Johansen and Schönfelder 2021, chapter 4), from persons and measurements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from evaluation.comparison import bivariate, compare_groups, correlations
from evaluation.finding_tables import Layout, laid_out
from evaluation.findings import Finding
from evaluation.questionnaire import response_rates, size_of
from evaluation.repeated import repeated_measures

LAYOUTS: Final[Mapping[str, Layout]] = {
    "responses": Layout("Svar per runde", "Answers by wave", ("wave", "group", "asked", "answered", "share")),
    "questionnaire-2": Layout(
        "Tabell 2. Gruppene ved start",
        "Table 2. The groups at the start",
        (
            *("variable", "first_mean", "first_sd", "first_n", "second_mean", "second_sd", "second_n"),
            *("test", "statistic", "df", "p", "effect_size", "size"),
        ),
    ),
    "questionnaire-3": Layout(
        "Tabell 3. Gruppe og tid",
        "Table 3. Group and time",
        ("term", "F", "df1", "df2", "p", "partial_eta_squared", "size", "n", "left_out"),
    ),
    "questionnaire-4": Layout(
        "Tabell 4. Én forklaring om gangen",
        "Table 4. One predictor at a time",
        ("group", "predictor", "beta", "ci_low", "ci_high", "p", "r2", "n"),
    ),
    "questionnaire-5": Layout(
        "Tabell 5. Samvariasjon",
        "Table 5. Correlations",
        ("group", "first", "second", "r", "stars", "p", "size", "n"),
    ),
}


@dataclass(frozen=True)
class QuestionnaireStudy:
    """`people`: one row a person with `group` and every variable; `measurements`: one row a person and wave with
    `person`, `group`, `wave` and the `outcome`; `variables` are compared, `predictors` explain `explained` (a column of
    people) and are correlated; `covariates` of the persons go into the analysis of variance.
    """

    people: pd.DataFrame
    measurements: pd.DataFrame
    variables: Sequence[str]
    predictors: Sequence[str]
    outcome: str
    explained: str
    covariates: Sequence[str] = ()

    def findings(self) -> list[Finding]:
        """Tables 2 to 5.

        Raises:
            EvaluationError: as the analyses.
        """
        return [self.groups(), self.over_time(), self.one_at_a_time(), self.together()]

    def groups(self) -> Finding:
        """Table 2; the first group is the first of the alphabet, and t is the first less the second."""
        found = compare_groups(self.people, group="group", variables=self.variables)
        names = sorted(self.people["group"].dropna().unique(), key=str)
        sides = {
            f"{key}_{name}": f"{side}_{key}"
            for side, name in zip(("first", "second"), names, strict=True)
            for key in ("mean", "sd", "n")
        }
        rows = found.rename(columns=sides)
        of_numbers = rows["test"] == "t"
        rows["size"] = [
            size_of(value, "cohens_d") if mine else ""
            for value, mine in zip(rows["effect_size"], of_numbers, strict=True)
        ]
        return _laid("questionnaire-2", rows, {"first": str(names[0]), "second": str(names[1])})

    def over_time(self) -> Finding:
        """Table 3: the split-plot analysis of variance, of those with every measurement."""
        found = repeated_measures(
            self.measurements,
            subject="person",
            between="group",
            within="wave",
            outcome=self.outcome,
            covariates=self.covariates,
        )
        found["size"] = [size_of(value, "partial_eta_squared") for value in found["partial_eta_squared"]]
        return _laid("questionnaire-3", found)

    def one_at_a_time(self) -> Finding:
        """Table 4, among all and in each group."""
        return _laid(
            "questionnaire-4", bivariate(self.people, outcome=self.explained, predictors=self.predictors, by="group")
        )

    def together(self) -> Finding:
        """Table 5, among all and in each group."""
        found = correlations(self.people, variables=self.predictors, by="group")
        found["size"] = ["" if pd.isna(r) else size_of(r, "pearson_r") for r in found["r"]]
        return _laid("questionnaire-5", found)


def response_table(survey: pd.DataFrame, people: pd.DataFrame) -> Finding:
    """Who answered in each wave. `people`: participant_number and group."""
    return _laid("responses", response_rates(survey, people, by="group"))


def _laid(name: str, rows: pd.DataFrame, notes: Mapping[str, Any] | None = None) -> Finding:
    return laid_out(name, LAYOUTS[name], rows, notes or {})
