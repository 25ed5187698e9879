"""How a finding meets its reader on a page."""

from evaluation.disclosure import disclosed
from evaluation.findings import Finding
from trial.analyses.presentation import drawable, shown

COLUMNS = ("outcome", "month", "effect", "ci_low", "ci_high", "p", "n", "reason")
TITLE = {"nb": "Figur 6", "en": "Figure 6"}


def _figure(persons_with: dict[str, int]) -> Finding:
    """A released figure of effects: one panel for each outcome, that so many persons have."""
    rows = [[outcome, 3, 0.0713, 0.02, 0.12, 0.004, 268, ""] for outcome in persons_with]
    points = [{"outcome": "@" + row[0], "month": 3, "effect": 0.0713, "ci_low": 0, "ci_high": 0} for row in rows]
    panels = [{"title": point["outcome"], "layer": []} for point in points]
    content = disclosed(
        {
            "columns": COLUMNS,
            "rows": rows,
            "spec": {"data": {"values": points}, "concat": panels},
            "notes": {"smallest": list(persons_with.values())},
        },
        "opensafely",
    )
    return Finding(
        "figure-6", "figure", TITLE, COLUMNS, tuple(tuple(row) for row in content["rows"]), content["spec"], {}
    )


def test_a_released_figure_is_shown_with_a_line_where_a_panel_is_hidden() -> None:
    panels = shown(_figure({"aap": 4, "employed": 40}))["spec"]["concat"]
    assert [isinstance(panel["title"], dict) for panel in panels] == [True, False]
    assert "@" not in panels[0]["title"]["subtitle"]


def test_a_figure_whose_numbers_are_all_hidden_is_only_a_table() -> None:
    found = shown(_figure({"aap": 4, "employed": 3}))
    assert found["spec"] is None
    assert [row[0] for row in found["rows"]] == ["3"]


def test_a_figure_with_everything_in_it_is_drawn_as_it_is() -> None:
    figure = _figure({"aap": 40})
    assert drawable(figure) == figure.spec
