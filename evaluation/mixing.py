"""Margins between the two arms: the truth that a simulated trial has when its effect is scaled."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from evaluation.margins import SIZES, ArmMargins, Path


def between(arms: Mapping[str, ArmMargins], arm: str, effect: float) -> ArmMargins:
    """The margins of `arm` pulled towards those of all people together: 1 leaves them, 0 makes the arms alike."""
    if effect == 1:
        return arms[arm]
    total = sum(SIZES.values())
    weights = {name: effect * (name == arm) + (1 - effect) * SIZES[name] / total for name in arms}
    mixed = {
        part.name: _mix([(weights[name], getattr(margins, part.name)) for name, margins in arms.items()])
        for part in fields(ArmMargins)
    }
    return replace(arms[arm], **mixed)


def _mix(parts: list[tuple[float, Any]]) -> Any:
    """Weighted mean of numbers, of each entry of a mapping or pair, and of paths month by month."""
    first = parts[0][1]
    if isinstance(first, Path):
        months = sorted({month for _weight, path in parts for month, _level in path.knots})
        knots = tuple((month, sum(weight * _at(path, month) for weight, path in parts)) for month in months)
        return Path(knots, sum(weight * path.months_of_36 for weight, path in parts))
    if isinstance(first, Mapping):
        return {key: sum(weight * mapping[key] for weight, mapping in parts) for key in first}
    if isinstance(first, tuple):
        return tuple(_mix([(weight, values[place]) for weight, values in parts]) for place in range(len(first)))
    return sum(weight * value for weight, value in parts)


def _at(path: Path, month: int) -> float:
    """The level of a path at a month, on the line between its knots."""
    for (left, low), (right, high) in zip(path.knots, path.knots[1:], strict=False):
        if left <= month <= right:
            return low + (high - low) * (month - left) / (right - left)
    return path.knots[-1][1]
