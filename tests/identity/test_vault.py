"""Ciphertexts open under their own key, at their own place, and unchanged; else they raise, never give ciphertext."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from trial.identity.vault import blind_index, new_key, place, seal, unseal

pytestmark = pytest.mark.slow

HERE = place("identity_identityrecord", "name", "7")
PLACES = st.builds(place, st.text(), st.text(), st.integers())


@given(st.text())
def test_what_was_sealed_opens_again(text):
    key = new_key()
    assert unseal(key, seal(key, text.encode(), HERE), HERE).decode() == text


def test_the_same_text_is_never_the_same_ciphertext():
    key = new_key()
    assert seal(key, b"Nora", HERE) != seal(key, b"Nora", HERE)


@given(st.data())
def test_every_flipped_bit_is_noticed(data):
    key = new_key()
    sealed = bytearray(seal(key, b"Nora Testvik", HERE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidTag):
        unseal(key, bytes(sealed), HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        place("identity_identityrecord", "name", "8"),
        place("identity_identityrecord", "contact", "7"),
        place("another_table", "name", "7"),
    ],
    ids=["row", "column", "table"],
)
def test_a_ciphertext_opens_nowhere_else(elsewhere):
    key = new_key()
    with pytest.raises(InvalidTag):
        unseal(key, seal(key, b"Nora", HERE), elsewhere)


def test_control_without_a_place_a_swap_would_pass():
    key = new_key()
    anywhere = b""
    assert unseal(key, seal(key, b"Nora", anywhere), anywhere) == b"Nora"


def test_another_persons_key_does_not_open():
    with pytest.raises(InvalidTag):
        unseal(new_key(), seal(new_key(), b"Nora", HERE), HERE)


def test_the_blind_index_links_nobody_across_trials(settings):
    index = blind_index("se-klar", "13097248022")
    assert index == blind_index("se-klar", "13097248022")
    assert index != blind_index("se-klar-2", "13097248022")
    settings.BLIND_INDEX_KEY = "66" * 32
    assert index != blind_index("se-klar", "13097248022")
