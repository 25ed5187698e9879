"""Thousands of people sealed as they are stored: what was sealed opens, and whatever was touched raises, always.

The controls run the same check on a vault that does not bind a ciphertext to its place, and on one that gives back the
ciphertext instead of raising.
"""

import time
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from cryptography.exceptions import InvalidTag

from tests import evidence
from trial.identity import models, vault
from trial.identity.models import IdentityRecord, Person

pytestmark = pytest.mark.slow
SEED = 20260307
SIGNS = np.array(list("abcdefghijklmnopqrstuvwxyzæøåÆØÅ 0123456789-.@+鿿😀"))
SEALED = (*IdentityRecord.FIELDS, "wrapped_key")


def faults(number: int, *, seed: int = SEED) -> list[str]:
    """What is wrong with this many people, each opened, with one bit flipped, and with parts of others in the place."""
    rng, found = np.random.default_rng(seed), []
    people = [_someone(rng) for _each in range(number)]
    sealed = [_sealed(person, place) for place, person in enumerate(people)]
    found += [f"{place}: opened as another" for place, one in enumerate(sealed) if one.open_person() != people[place]]
    for place, (one, other) in enumerate(pairwise([*sealed, sealed[0]])):
        field, another = str(rng.choice(SEALED)), str(rng.choice(IdentityRecord.FIELDS))
        swapped = IdentityRecord.FIELDS[(IdentityRecord.FIELDS.index(another) + 1) % len(IdentityRecord.FIELDS)]
        touched = {
            "bit": {field: _flipped(getattr(one, field), rng)},
            "row": {another: getattr(other, another)},
            "column": {another: getattr(one, swapped)},
        }
        touched["row with its key"] = {name: getattr(other, name) for name in SEALED}
        found += [f"{place}: {what} opened" for what, values in touched.items() if _opens(one, values)]
    return found


def _someone(rng: np.random.Generator) -> Person:
    texts = ["".join(rng.choice(SIGNS, size=rng.integers(0, 120))) for _field in range(3)]
    return Person(*texts)


def _sealed(person: Person, serial: int) -> IdentityRecord:
    record = IdentityRecord(subject=UUID(int=serial + 1), trial_code="se-klar", office_id=1)
    record.seal_person(person)
    return record


def _flipped(sealed: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(sealed)
    bit = int(rng.integers(8 * len(changed)))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _opens(record: IdentityRecord, values: dict[str, bytes]) -> bool:
    """Whether a record opens with these ciphertexts in the place of its own."""
    before = {field: getattr(record, field) for field in values}
    try:
        for field, sealed in values.items():
            setattr(record, field, sealed)
        record.open_person()
    except (InvalidTag, ValueError):
        return False
    finally:
        for field, sealed in before.items():
            setattr(record, field, sealed)
    return True


def test_two_thousand_people_open_and_nothing_that_was_touched_does() -> None:
    assert faults(2_000) == []


@pytest.mark.nightly
def test_a_hundred_thousand_people() -> None:
    begun, number = time.monotonic(), 100_000
    seed = int(begun)
    found = [fault for turn in range(number // 2_000) for fault in faults(2_000, seed=seed + turn)]
    evidence.keep("encryption", people=number, openings=5 * number, faults=len(found), seed=seed,
                  seconds=round(time.monotonic() - begun, 1))  # fmt: skip
    assert found == []


def test_control_ciphertexts_that_know_no_place_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "place", lambda *_where: b"")
    assert {fault.split(": ")[1] for fault in faults(50)} == {"column opened", "row with its key opened"}


@pytest.mark.parametrize("given_back", [b"ciphertext", b""], ids=["the ciphertext", "nothing"])
def test_control_a_vault_that_does_not_raise_is_found_out(monkeypatch: pytest.MonkeyPatch, given_back: bytes) -> None:
    def lenient(key: bytes, sealed: bytes, where: bytes) -> bytes:
        try:
            return vault.unseal(key, sealed, where)
        except InvalidTag:
            return given_back

    monkeypatch.setattr(models, "unseal", lenient)
    assert len(faults(50)) > 50
