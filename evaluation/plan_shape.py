"""The shape of a plan as it comes from a file or a form: the type of every field, before anyone asks what it means."""

from collections.abc import Callable, Mapping
from datetime import date
from re import fullmatch
from typing import Any, Final

from evaluation.canonical import canonical_json, plain

FIGURE_NUMBER: Final = "[A-Za-z0-9_-]{1,40}"  # a part of addresses and of the names of files
LONGEST: Final = 1_200  # a century of months: a window typed as dates would fill the memory

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


def is_numbered(value: Any) -> bool:
    """As `is_figures`, each with a number that an address can hold."""
    return is_figures(value) and all(fullmatch(FIGURE_NUMBER, number) for number in value)


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


def is_number_between(text: Any, low: float, high: float) -> bool:
    """A number as text, between but not at the ends."""
    try:
        return low < float(text) < high
    except (TypeError, ValueError):
        return False


def is_day(text: Any) -> bool:
    """A day as yyyy-mm-dd."""
    try:
        return bool(date.fromisoformat(text))
    except (TypeError, ValueError):
        return False


def is_day_or_empty(text: Any) -> bool:
    return text == "" or is_day(text)


TEXT: Final[Shape] = (is_text, "must be text")
WHOLE: Final[Shape] = (is_whole, "must be a whole number")
WINDOW: Final[Shape] = (is_window, "must be two whole numbers, the first and the last month")
_NAMES: Final[Shape] = (is_names, "must be a list of different names")
_FIGURES: Final[Shape] = (
    is_numbered,
    'must be an object such as {"V1": ["employed", "hours"]}, with letters and digits for a figure\'s number',
)

SHAPES: Final[Mapping[str, Shape]] = {
    "trial": TEXT,
    "control": TEXT,
    "strata": TEXT,
    "months": WINDOW,
    "total_months": WINDOW,
    "on": TEXT,
    "min_hours": TEXT,
    "data_to": TEXT,
    "data_from": TEXT,
    "baseline": _NAMES,
    "totals": _NAMES,
    "share_figures": _FIGURES,
    "effect_figures": _FIGURES,
    "covariance": TEXT,
    "primary": _NAMES,
    "covariates": _NAMES,
    "subgroups": _NAMES,
    "alpha": TEXT,
    "multiplicity": TEXT,
    "disclosure": TEXT,
    "reference": TEXT,
    "further": _NAMES,
    "received": TEXT,
    "unit": TEXT,
    "ratios": (is_ratios, 'must be an object such as {"Moss": {"intervention": 5, "control": 3}}'),
    "design": (is_design, "must be an object with the method and the arms of the protocol"),
    "families": (is_figures, 'must be an object such as {"work": ["employed", "total_hours"]}'),
    "equivalence": (is_texts, 'must be an object such as {"employed": "1.5"}'),
    "earlier": (is_earlier, "must be an object with measure, outcome, month and a list of studies, each with its name"),
    "version": WHOLE,
}


def shape_problem(content: Any, shapes: Mapping[str, Shape] = SHAPES) -> str | None:
    """The first fault in the shape of a plan, as a sentence that begins with the field's name."""
    if not isinstance(content, Mapping):
        return "a plan is a JSON object"
    for name, value in content.items():
        if name not in shapes:
            return f"{name}: no such field; known are {', '.join(shapes)}"
        fits, sentence = shapes[name]
        if not fits(value):
            return f"{name}: {sentence}"
    return None if "trial" in content else "trial: name the trial"


def spelling_problem(content: Mapping[str, Any]) -> str | None:
    """The first field with something in it that canonical JSON cannot spell, so that the plan would have no hash."""
    for name, value in content.items():
        try:
            spelled = canonical_json(plain(value))
        except TypeError:
            return f"{name}: write numbers with a fraction as text; true, false and null have no place here"
        except UnicodeEncodeError:
            spelled = b"\\u0000"
        if b"\\u0000" in spelled:
            return f"{name}: holds a sign that is none"
    return None
