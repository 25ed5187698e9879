"""Participant numbers: random, easy to read aloud, and with a check digit. `MOS-7K4Q-3`

A number is the office's prefix (three letters), four random symbols and a check digit. The random symbols leave out
vowels (no words arise) and what is easily confused (B and 8, G and 6, I, L and 1, O and 0, S and 5, U and V, Z and 2).

The check follows ISO 7064's idea with one step less: every symbol has a value from 0 to 36, its place in `SYMBOLS`;
the values, weighted 8, 7, ..., 1 from the left, sum to 1 modulo 37. 37 is a prime above every value and weight, so each
change of one symbol and each exchange of two different symbols, adjacent or not, changes the sum. Random parts whose
check symbol would be a letter are not given out.
"""

import re
import secrets
from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal

DIGITS = "23456789"
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ" + DIGITS
RANDOM_SYMBOLS = "CDFHJKMNPQRTWX" + DIGITS
MODULUS = len(SYMBOLS)
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 1)
REMAINDER = 1
EXAMPLE = "MOS-7K4Q-3"

_SHAPE = re.compile(rf"([A-ZÆØÅ]{{3}})([{RANDOM_SYMBOLS}]{{4}})([{DIGITS}])")
_PARTS = (0, 3, 7, 8)


def new_number(prefix: str) -> str:
    """Draw a number for an office. The caller makes sure that it is not taken: the database knows all of them."""
    while True:
        stem = prefix + "".join(secrets.choice(RANDOM_SYMBOLS) for _place in range(4))
        check = SYMBOLS[(REMAINDER - _weighted(stem)) % MODULUS]
        if check in DIGITS:
            return _written(stem + check)


def parse_number(text: str) -> str:
    """The number as it is stored, however it was typed: small letters, spaces and missing dashes do not matter.

    Raises:
        Refusal: `malformed_number` when it is no number at all, `mistyped_number` when the check digit says that
            something is wrong; both on the field `number`.
    """
    symbols = re.sub(r"[\s\-–]", "", text).upper()
    if not _SHAPE.fullmatch(symbols):
        raise Refusal(
            "malformed_number",
            _("Et deltakernummer ser slik ut: %(example)s. Sjekk at alle tegnene er med.") % {"example": EXAMPLE},
            field="number",
            status=422,
        )
    if _weighted(symbols) % MODULUS != REMAINDER:
        raise Refusal(
            "mistyped_number",
            _("Kontrollsifferet stemmer ikke. Se etter et tegn som er feil eller har byttet plass."),
            field="number",
            status=422,
        )
    return _written(symbols)


def _weighted(symbols: str) -> int:
    return sum(SYMBOLS.index(symbol) * weight for symbol, weight in zip(symbols, WEIGHTS, strict=False))


def _written(symbols: str) -> str:
    return "-".join(symbols[start:end] for start, end in pairwise(_PARTS))
