"""What holds after every step, read from the database in plain SQL and from the log in the words of RFC 6962.

Nothing here is asked through the application, so that a fault there cannot hide itself.
"""

import hashlib
import json
from typing import Any

from django.db import connection
from hypothesis.stateful import invariant

from tests.enrolment.workflow_model import Expected
from trial.access.planes import maintenance

VERBS = ("eligibility_checked", "person_registered", "consent_given", "withdrawn", "place_taken", "identity_erased",
         "consent_form_published")  # fmt: skip


class Invariants:
    """Compares the database with `known`. `before`: the audit lines that were there when the life began."""

    known: Expected
    before: dict[str, int]

    @invariant()
    def everyone_is_where_the_rules_put_them(self) -> None:
        rows = asked("SELECT number, state, withdrawal FROM enrolment_participant")
        assert sorted(rows) == sorted((each.number, each.state, each.withdrawal) for each in self.known.people)

    @invariant()
    def every_place_has_one_position_and_keeps_its_arm(self) -> None:
        rows = asked(
            "SELECT p.number, a.stratum, a.position, coalesce(arm.code, '') FROM allocation_allocation a "
            "JOIN enrolment_participant p ON p.key = a.participant_id LEFT JOIN studies_arm arm ON arm.id = a.arm_id"
        )
        assert {number: arm for number, _stratum, _position, arm in rows} == {
            each.number: each.arm for each in self.known.people if each.place >= 0
        }
        places: dict[str, list[int]] = {}
        for _number, stratum, position, _arm in rows:
            places.setdefault(stratum, []).append(position)
        assert all(sorted(taken) == list(range(len(taken))) for taken in places.values()), "a gap, or one taken twice"

    @invariant()
    def the_log_tells_of_each_place_and_each_arm_once(self) -> None:
        leaves = [json.loads(text) for text in leaves_of_the_log()]
        assert [leaf["seq"] for leaf in leaves] == list(range(len(leaves)))
        kinds = {kind: [leaf for leaf in leaves if leaf["type"] == kind] for kind in ("ENROL", "ALLOC")}
        assert len({leaf["who"] for leaf in kinds["ENROL"]}) == len(kinds["ENROL"])
        assert len(kinds["ENROL"]) == sum(each.place >= 0 for each in self.known.people)
        drawn = "SELECT a.who, arm.code FROM allocation_allocation a JOIN studies_arm arm ON arm.id = a.arm_id"
        arms = dict(asked(drawn))
        assert {leaf["who"]: leaf["arm"] for leaf in kinds["ALLOC"]} == arms
        assert len(kinds["ALLOC"]) == len(arms)

    @invariant()
    def nobody_is_enrolled_without_a_consent_to_the_form_of_that_moment(self) -> None:
        named = {json.loads(text).get("consent") for text in leaves_of_the_log()} - {None}
        rows = asked(
            "SELECT a.participant_id, (SELECT c.sha256 FROM enrolment_consent c WHERE c.participant_id = "
            "a.participant_id AND c.given_at <= a.enrolled_at AND (c.withdrawn_at IS NULL OR c.withdrawn_at >= "
            "a.enrolled_at) AND c.form_id = (SELECT f.id FROM enrolment_consentform f WHERE f.published_at <= "
            "a.enrolled_at ORDER BY f.version DESC LIMIT 1) AND c.sha256 = ANY(%s) LIMIT 1) FROM "
            "allocation_allocation a",
            list(named),
        )
        assert [key for key, consent in rows if consent is None] == []

    @invariant()
    def consents_in_force_are_those_that_nobody_took_back(self) -> None:
        rows = asked(
            "SELECT p.number, max(f.version) FROM enrolment_consent c JOIN enrolment_participant p "
            "ON p.key = c.participant_id JOIN enrolment_consentform f ON f.id = c.form_id "
            "WHERE c.withdrawn_at IS NULL GROUP BY p.number"
        )
        assert dict(rows) == {each.number: each.version for each in self.known.people if each.version}

    @invariant()
    def only_the_erased_are_unreadable(self) -> None:
        rows = asked("SELECT subject::text, wrapped_key IS NULL, num_nonnulls(name, national_id, contact, blind_index) "
                     "FROM identity_identityrecord")  # fmt: skip
        erased = {each.key: each.withdrawal == "everything" for each in self.known.people}
        assert {key: gone for key, gone, _left in rows} == erased
        assert all(left == (0 if gone else 4) for _key, gone, left in rows)

    @invariant()
    def every_write_left_one_line_and_a_refusal_none(self) -> None:
        now = verbs()
        lines = {verb: now.get(verb, 0) - self.before.get(verb, 0) for verb in VERBS if verb != "consent_given"}
        assert lines == {verb: self.known.written[verb] for verb in lines}


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database answers to whoever owns it."""
    with maintenance(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def root_of(texts: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962, section 2.1, as it is written there."""
    if not texts:
        return hashlib.sha256().digest()
    if len(texts) == 1:
        return hashlib.sha256(b"\x00" + texts[0]).digest()
    half = 1 << (len(texts) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(texts[:half]) + root_of(texts[half:])).digest()


def leaves_of_the_log() -> list[str]:
    """Their texts, as they were hashed."""
    return [text for (text,) in asked("SELECT text FROM allocation_logleaf ORDER BY seq")]


def verbs() -> dict[str, int]:
    """How many audit lines there are of each verb that the machine counts."""
    return dict(asked("SELECT verb, count(*) FROM audit_auditevent WHERE verb = ANY(%s) GROUP BY verb", list(VERBS)))
