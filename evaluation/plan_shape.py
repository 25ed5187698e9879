"""The shape of a plan as it comes from a file or a form: the type of every field, before anyone asks what it means."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Shape = tuple[Callable[[Any], bool], str]


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_window(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_whole, value))


def is_names(value: Any) -> bool:
    """A list of different names, possibly none."""
    return isinstance(value, list | tuple) and all(map(is_text, value)) and len(set(value)) == len(value)


def is_figures(value: Any) -> bool:
    """Figure number -> the outcomes it shows, at least one."""
    return isinstance(value, Mapping) and all(
        is_text(key) and is_names(names) and names for key, names in value.items()
    )


def is_texts(value: Any) -> bool:
    """Name -> text."""
    return isinstance(value, Mapping) and all(is_text(key) and is_text(text) for key, text in value.items())


def is_ratios(value: Any) -> bool:
    """Stratum -> arm -> whole number above 0."""
    return isinstance(value, Mapping) and all(
        isinstance(ratios, Mapping) and ratios and all(is_whole(ratio) and ratio > 0 for ratio in ratios.values())
        for ratios in value.values()
    )


def is_design(value: Any) -> bool:
    """Nothing, or a method and the arms that it draws, as the protocol has them."""
    return isinstance(value, Mapping) and (not value or set(value) == {"method", "arms"})


def is_earlier(value: Any) -> bool:
    """Nothing, or a measure, an outcome, a month and at least one study."""
    if not isinstance(value, Mapping) or not value:
        return isinstance(value, Mapping)
    studies = value.get("studies")
    return (
        set(value) == {"measure", "outcome", "month", "studies"}
        and is_text(value["measure"])
        and is_text(value["outcome"])
        and is_whole(value["month"])
        and isinstance(studies, list | tuple)
        and len(studies) > 0
        and all(isinstance(study, Mapping) and "study" in study for study in studies)
    )


_TEXT: Final[Shape] = (is_text, "must be text")
_NAMES: Final[Shape] = (is_names, "must be a list of different names")
_WINDOW: Final[Shape] = (is_window, "must be two whole numbers, the first and the last month")
_FIGURES: Final[Shape] = (is_figures, 'must be an object such as {"6": ["employed", "hours"]}')

SHAPES: Final[Mapping[str, Shape]] = {
    "trial": _TEXT,
    "control": _TEXT,
    "strata": _TEXT,
    "months": _WINDOW,
    "total_months": _WINDOW,
    "on": _TEXT,
    "min_hours": _TEXT,
    "data_to": _TEXT,
    "data_from": _TEXT,
    "baseline": _NAMES,
    "totals": _NAMES,
    "share_figures": _FIGURES,
    "effect_figures": _FIGURES,
    "covariance": _TEXT,
    "primary": _NAMES,
    "covariates": _NAMES,
    "subgroups": _NAMES,
    "alpha": _TEXT,
    "multiplicity": _TEXT,
    "disclosure": _TEXT,
    "reference": _TEXT,
    "further": _NAMES,
    "received": _TEXT,
    "unit": _TEXT,
    "ratios": (is_ratios, 'must be an object such as {"Moss": {"intervention": 5, "control": 3}}'),
    "design": (is_design, "must be an object with the method and the arms of the protocol"),
    "families": (is_figures, 'must be an object such as {"work": ["employed", "total_hours"]}'),
    "equivalence": (is_texts, 'must be an object such as {"employed": "1.5"}'),
    "earlier": (is_earlier, "must be an object with measure, outcome, month and a list of studies, each with its name"),
    "version": (is_whole, "must be a whole number"),
}


def shape_problem(content: Any) -> str | None:
    """The first fault in the shape of a plan, as a sentence that begins with the field's name."""
    if not isinstance(content, Mapping):
        return "a plan is a JSON object"
    for name, value in content.items():
        if name not in SHAPES:
            return f"{name}: no such field; known are {', '.join(SHAPES)}"
        fits, sentence = SHAPES[name]
        if not fits(value):
            return f"{name}: {sentence}"
    return None if "trial" in content else "trial: name the trial"
