"""People who do not exist, for the demonstration: names that are words, national ids with month + 80."""

from collections.abc import Iterator
from datetime import date

import numpy as np

from evaluation.national_id import synthetic_national_id
from trial.enrolment.actions import Person

# fmt: off
FIRST_NAMES = (
    "Alma", "Anders", "Astrid", "Birk", "Dagny", "Eirik", "Elin", "Embla", "Even", "Frøya",
    "Gaute", "Gro", "Halvard", "Helga", "Håkon", "Idun", "Ivar", "Jorunn", "Kaia", "Ketil", "Live",
    "Magne", "Maren", "Nils", "Oda", "Olav", "Ragna", "Sindre", "Siv", "Solveig", "Stein", "Synne",
    "Tiril", "Torgeir", "Unni", "Vegard", "Ylva", "Åse", "Øystein", "Åsmund",
)
LAST_NAMES = (
    "Bjørkelund", "Eikemo", "Fjordheim", "Granli", "Haugtun", "Kvistad", "Lyngmo", "Myrvang",
    "Nordgard", "Oppedal", "Prøvestad", "Rognli", "Skogmo", "Solvang", "Testrud", "Uteng",
    "Vassmo", "Ødegård", "Åslund",
)
# fmt: on


def synthetic_people(rng: np.random.Generator) -> Iterator[Person]:
    """One person after another, each with a national id of its own."""
    serial = 0
    while True:
        born = date(int(rng.integers(1955, 1996)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))
        name = f"{FIRST_NAMES[rng.integers(len(FIRST_NAMES))]} {LAST_NAMES[rng.integers(len(LAST_NAMES))]}"
        yield Person(name=name, national_id=synthetic_national_id(born, serial % 300), contact=f"900 00 {serial:03d}")
        serial += 1
