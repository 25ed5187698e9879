"""Norwegian national identity numbers: recognise them, find them in text, take them out, make synthetic ones.

An identity number is eleven digits: day, month and year of birth, three digits that tell people of one day apart, and
two check digits. A D-number has 40 added to the day. Synthetic numbers, which belong to nobody, have 40 (Dolly), 65
(NHN) or 80 (Tenor) added to the month. Numbers given out from 2032 may leave the remainder 0, 1, 2 or 3 at the first
check digit, and no longer tell the century. Source: Skatteetaten, "Fødselsnummer" and "Nytt fødselsnummer fra 2032".

Nothing outside the identity room may hold such a number, so every free text and every delivery is asked here first.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date

FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
NEW_RULE_FROM = date(2032, 1, 1)
NEW_REMAINDERS = frozenset({0, 1, 2, 3})
D_NUMBER_DAY = 40
SYNTHETIC_MONTHS = (40, 65, 80)
SCRUBBED = "[fødselsnummer fjernet]"

# Individual digits and two-digit years of each century before the rule of 2032.
CENTURIES = (
    (range(500), range(100), 1900),
    (range(500, 750), range(54, 100), 1800),
    (range(900, 1000), range(40, 100), 1900),
    (range(500, 1000), range(40), 2000),
)

# Eleven digits as people write them: together, with up to three spaces, dots, dashes, slashes or signs that nobody sees
# after the day, month, year and serial, or with a space after every digit.
_BETWEEN = r"[\s.\-/_‐‑‒–—−\u00ad\u200b-\u200d\u2060\ufeff]{0,3}"
_GROUPS = _BETWEEN.join([r"\d\d", r"\d\d", r"\d\d", r"\d{3}", r"\d\d"])
_SPACED = r"\d(?:[^\S\n]\d){10}"
_WRITTEN = re.compile(rf"(?<!\d)(?=({_GROUPS}|{_SPACED})(?!\d))")


def is_national_id(text: str, *, on: date = date.max) -> bool:
    """Whether the whole text is an identity number, D-number or synthetic number that can exist on the date `on`.

    The default knows the rule of 2032 too, which suits whoever looks for numbers to refuse. A form that takes a
    number passes today's date: until 2032 the stricter old rule catches more mistyping.
    """
    written = _WRITTEN.match(text.strip())
    if written is None or len(written.group(1)) != len(text.strip()):
        return False
    return _is_valid(digits_of(text), on)


def digits_of(text: str) -> str:
    """The digits of a number as it is stored, without the spaces and dashes that people write."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def find_national_ids(text: str) -> list[str]:
    """Every identity number in a text, eleven digits each, in order."""
    return [digits_of(text[start:end]) for start, end in _spans(text)]


def holds_identity(cell: str) -> bool:
    """Whether a cell of a table holds one; columns of numbers lose their leading zero in a spreadsheet."""
    return bool(find_national_ids(cell)) or (len(cell) == 10 and bool(find_national_ids("0" + cell)))


def scrub(text: str) -> str:
    """The text with every identity number replaced by a fixed phrase."""
    parts, done = [], 0
    for start, end in _spans(text):
        if start >= done:
            parts += [text[done:start], SCRUBBED]
            done = end
    return "".join([*parts, text[done:]])


def synthetic_national_id(birth_date: date, serial: int) -> str:
    """The `serial`-th (from 0) synthetic number of a birth date, with 80 added to the month: nobody's.

    Raises:
        ValueError: the date lies outside 1900-2039 or has no more numbers (there are about 400 a day).
    """
    individuals = range(500) if birth_date.year < 2000 else range(500, 1000)
    if not 1900 <= birth_date.year <= 2039:
        raise ValueError("identity numbers are made for births from 1900 to 2039")
    stem = f"{birth_date.day:02}{birth_date.month + 80:02}{birth_date.year % 100:02}"
    for place, number in enumerate(filter(None, (_completed(f"{stem}{i:03}") for i in individuals))):
        if place == serial:
            return number
    raise ValueError("no such serial number on this birth date")


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _WRITTEN.finditer(text):
        if _is_valid(digits_of(found.group(1)), date.max):
            yield found.span(1)


def _is_valid(digits: str, on: date) -> bool:
    first, second = _remainder(digits, FIRST_WEIGHTS), _remainder(digits, SECOND_WEIGHTS)
    if second != 0:
        return False
    if on >= NEW_RULE_FROM:
        return first in NEW_REMAINDERS and any(_is_date(digits, century) for century in (1900, 2000))
    return first == 0 and any(_is_date(digits, century) for century in _old_centuries(digits))


def _remainder(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11


def _old_centuries(digits: str) -> list[int]:
    year, individual = int(digits[4:6]), int(digits[6:9])
    return [century for individuals, years, century in CENTURIES if individual in individuals and year in years]


def _is_date(digits: str, century: int) -> bool:
    day, month, year = int(digits[:2]), int(digits[2:4]), century + int(digits[4:6])
    month -= max((shift for shift in SYNTHETIC_MONTHS if month > shift), default=0)
    day -= D_NUMBER_DAY if day > D_NUMBER_DAY else 0
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _completed(nine: str) -> str | None:
    """Nine digits with both check digits by the old rule; None where a check digit would be 10."""
    number = nine
    for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS):
        check = -_remainder(number, weights) % 11
        if check == 10:
            return None
        number += str(check)
    return number
