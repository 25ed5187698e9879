"""The flow of a review (PRISMA): from references found to studies included, with every loss named."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from evaluation.errors import EvaluationError
from evaluation.findings import Finding
from evaluation.labels import MARK, both

COLUMNS: Final = ("step", "n")
WIDTH: Final = 250
HEIGHT: Final = 56
GAP: Final = 34
LAST: Final = 4 * (HEIGHT + GAP)  # the studies' own row
TITLE: Final = both("Flyt av studier (PRISMA)", "Flow of studies (PRISMA)")


@dataclass(frozen=True)
class ReviewFlow:
    """How many references, publications and studies there were at each step; `by_kind` divides the studies."""

    database_references: int
    other_references: int
    references: int
    excluded_on_title: int
    read_in_full: int
    excluded_in_full: int
    protocols: int
    included_publications: int
    included_studies: int
    by_kind: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """That the numbers add up.

        Raises:
            EvaluationError: `flow_does_not_add_up`, naming the step at which they do not.
        """
        sums = {
            "references": self.database_references + self.other_references - self.references,
            "read_in_full": self.references - self.excluded_on_title - self.read_in_full,
            "included_publications": self.read_in_full
            - self.excluded_in_full
            - self.protocols
            - self.included_publications,
            "included_studies": sum(self.by_kind.values()) - self.included_studies if self.by_kind else 0,
        }
        for step, difference in sums.items():
            if difference:
                raise EvaluationError("flow_does_not_add_up", f"{step} is off by {abs(difference)}")
        if self.included_studies > self.included_publications:
            raise EvaluationError("flow_does_not_add_up", "there are more studies than publications")


# Step, column (0: the way through, 1: what left it), row.
PLACES: Final = {
    "database_references": (0, 0),
    "other_references": (1, 0),
    "references": (0, 1),
    "excluded_on_title": (1, 1),
    "read_in_full": (0, 2),
    "excluded_in_full": (1, 2),
    "protocols": (1, 3),
    "included_publications": (0, 3),
    "included_studies": (0, 4),
}


def review_flow(flow: ReviewFlow, *, name: str = "review-flow") -> Finding:
    """Draw the flow.

    Returns:
        A figure whose rows are step and n; the kinds of studies are the last steps.

    Raises:
        EvaluationError: `flow_does_not_add_up`.
    """
    flow.check()
    steps = {step: count for step, count in asdict(flow).items() if step != "by_kind"}
    rows = (*steps.items(), *flow.by_kind.items())
    return Finding(name, "figure", TITLE, COLUMNS, rows, _spec(rows), {})


def _spec(rows: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    values: list[dict[str, Any]] = []
    kinds = [step for step, _ in rows if step not in PLACES]
    for step, n in rows:
        column, row = PLACES[step] if step in PLACES else (1, 4 + kinds.index(step) * 0.75)
        x, y = column * (WIDTH + 2 * GAP), row * (HEIGHT + GAP)
        values.append({"step": MARK + step if step in PLACES else step, "n": n, "x": x, "y": y, "column": column})
    bottom = max(value["y"] for value in values) + HEIGHT
    return {
        "data": {"values": values},
        "width": 2 * WIDTH + 2 * GAP,
        "height": bottom,
        "layer": [_arrow_down(), _arrow_aside(), _hanger(), _box(), _words("step", -9), _words("n", 11, bold=True)],
        "resolve": {"axis": {"x": "independent", "y": "independent"}},
    }


def _at(name: str) -> dict[str, Any]:
    """Places are points of the picture, not values on a scale."""
    return {"field": name, "type": "quantitative", "scale": None, "axis": None}


def _box() -> dict[str, Any]:
    ends = [{"calculate": f"datum.x + {WIDTH}", "as": "x2"}, {"calculate": f"datum.y + {HEIGHT}", "as": "y2"}]
    return {
        "transform": ends,
        "mark": {"type": "rect", "fill": "white", "stroke": "#666", "cornerRadius": 4},
        "encoding": {"x": _at("x"), "x2": {"field": "x2"}, "y": _at("y"), "y2": {"field": "y2"}},
    }


def _words(name: str, lower: int, *, bold: bool = False) -> dict[str, Any]:
    middle = [
        {"calculate": f"datum.x + {WIDTH / 2}", "as": "middle"},
        {"calculate": f"datum.y + {HEIGHT / 2 + lower}", "as": "line"},
    ]
    mark = {"type": "text", "limit": WIDTH - 12, "fontWeight": "bold" if bold else "normal", "color": "black"}
    return {
        "transform": middle,
        "mark": mark,
        "encoding": {"x": _at("middle"), "y": _at("line"), "text": {"field": name}},
    }


def _arrow_down() -> dict[str, Any]:
    """From each box of the way through to the next."""
    ends = [
        {"filter": "datum.column === 0 && datum.y > 0"},
        {"calculate": f"datum.x + {WIDTH / 2}", "as": "middle"},
        {"calculate": f"datum.y - {GAP}", "as": "from"},
    ]
    return {
        "transform": ends,
        "mark": {"type": "rule", "color": "#666"},
        "encoding": {"x": _at("middle"), "y": _at("from"), "y2": {"field": "y"}},
    }


def _hanger() -> dict[str, Any]:
    ends = [
        {"filter": f"datum.column === 1 && datum.y > {LAST}"},
        {"calculate": f"datum.x - {GAP}", "as": "from"},
        {"calculate": f"{LAST + HEIGHT / 2}", "as": "line"},
        {"calculate": f"datum.y + {HEIGHT / 2}", "as": "line2"},
    ]
    return {
        "transform": ends,
        "mark": {"type": "rule", "color": "#666"},
        "encoding": {"x": _at("from"), "y": _at("line"), "y2": {"field": "line2"}},
    }


def _arrow_aside() -> dict[str, Any]:
    """From the way through to what stands beside it; the later kinds of studies hang on the line of the first."""
    ends = [
        {"filter": "datum.column === 1"},
        {"calculate": f"datum.x - (datum.y > {LAST} ? {GAP} : {2 * GAP})", "as": "from"},
        {"calculate": f"datum.y + {HEIGHT / 2}", "as": "line"},
    ]
    return {
        "transform": ends,
        "mark": {"type": "rule", "color": "#666"},
        "encoding": {"x": _at("from"), "x2": {"field": "x"}, "y": _at("line")},
    }
