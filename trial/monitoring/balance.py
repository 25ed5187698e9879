"""Balance of the arms at the start: what was known or asked before anything was done, never an outcome."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from math import sqrt
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce

from trial.access.small_counts import rounded
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.monitoring.calendar import beginning, stretch
from trial.studies.models import Arm, Trial
from trial.surveys.queries import Score, baseline_scores

OFFICE, YEAR = "office", "year"
FIRST_YEAR = 2000  # nobody was enrolled before
MOST_OFFICES = 20


@dataclass(frozen=True)
class Level:
    """A level of a variable, or (with `scores`) a score of the first questionnaire.

    `counts`: arm key -> people who have the level, or who have the score.
    """

    variable: str
    level: str
    counts: dict[int, int]
    scores: dict[int, Score] | None = None

    def coarsened(self) -> "Level":
        """The level as it stands for those who see no small counts."""
        return replace(self, counts=_coarsened(self.counts))


@dataclass(frozen=True)
class Balance:
    """`drawn`: arm key -> people; `levels` in the order shown."""

    drawn: dict[int, int]
    levels: list[Level]

    def coarsened(self) -> "Balance":
        """The arms as large as they stand for those who see no small counts."""
        return replace(self, drawn=_coarsened(self.drawn))

    def share(self, level: Level, arm: Arm) -> float:
        """The part of an arm that has a level, 0 to 1."""
        return min(1.0, level.counts.get(arm.pk, 0) / self.drawn[arm.pk]) if self.drawn[arm.pk] else 0.0

    def difference(self, level: Level, arm: Arm, control: Arm) -> float | None:
        """The standardised difference of shares or means; None where it has no meaning (Austin 2009)."""
        if level.scores:
            return _of_means(level.scores.get(arm.pk), level.scores.get(control.pk))
        shares = self.share(level, arm), self.share(level, control)
        spread = sqrt(sum(share * (1 - share) for share in shares) / 2)
        return (shares[0] - shares[1]) / spread if spread else None


def _coarsened(counts: dict[int, int]) -> dict[int, int]:
    return {key: rounded(count, exact=False) for key, count in counts.items()}


def _of_means(one: Score | None, other: Score | None) -> float | None:
    if one is None or other is None:
        return None
    spread = sqrt((one.deviation**2 + other.deviation**2) / 2)
    return (one.mean - other.mean) / spread if spread else None


def balance_of(trial: Trial, arms: list[Arm]) -> Balance:
    """The arms side by side, as far as the reader's rows reach; a query a variable, and one for the scores."""
    rows = Allocation.objects.filter(trial=trial, arm__isnull=False).order_by()
    few = trial.offices.count() <= MOST_OFFICES  # of many offices each is too small to compare
    # Whoever has moved since was drawn at the office moved from.
    drawn_from = Coalesce("moved_from__nav_office__name", "office__nav_office__name")
    by_office = rows.annotate(drawn_from=drawn_from).values_list("drawn_from", "arm").annotate(number=Count("pk"))
    offices = _levels(OFFICE, by_office) if few else []
    years = _levels(YEAR, _by_year(rows))
    factors = [
        level
        for factor in trial.factors
        for level in _levels(factor, rows.values_list(f"factors__{factor}", "arm").annotate(number=Count("pk")))
    ]
    drawn = {arm.pk: sum(level.counts.get(arm.pk, 0) for level in years) for arm in arms}
    return Balance(drawn, [*offices, *factors, *years, *_scores(trial)])


def _by_year(rows: QuerySet[Allocation]) -> list[tuple[int, int, int]]:
    """(year of enrolment, arm key, people)"""
    years = range(FIRST_YEAR, clock.today().year + 1)
    beginnings = [beginning(date(year, 1, 1)) for year in years]
    counted = rows.annotate(year=stretch("enrolled_at", beginnings)).values_list("year", "arm")
    return [(FIRST_YEAR + year - 1, arm, number) for year, arm, number in counted.annotate(number=Count("pk"))]


def _levels(variable: str, rows: Iterable[tuple[Any, int, int]]) -> list[Level]:
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for level, arm, number in rows:
        counts[str(level)][arm] = number
    return [Level(variable, level, counts[level]) for level in sorted(counts)]


def _scores(trial: Trial) -> list[Level]:
    by_instrument: dict[str, dict[int, Score]] = defaultdict(dict)
    for instrument, arm, score in baseline_scores(trial):
        by_instrument[instrument][arm] = score
    return [
        Level(instrument, "", {arm: score.people for arm, score in scores.items()}, scores)
        for instrument, scores in by_instrument.items()
    ]
