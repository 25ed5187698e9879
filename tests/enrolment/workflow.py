"""Offices, a researcher and strangers who do anything in any order through the API.

Every answer is compared with what `workflow_model` expects; after every step `workflow_checks` reads the database.
"""

from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from evaluation.canonical import canonical_json
from tests.allocation.trials import DrawCast
from tests.cast import OPTIONAL, REGISTERS, acting
from tests.enrolment.workflow_checks import Invariants, leaves_of_the_log, root_of, verbs
from tests.enrolment.workflow_model import Check, Expected, Someone
from tests.factories import synthetic_person
from trial.audit.clock import SimulatedClock
from trial.enrolment.actions import publish_consent_form

API = "/api/v1/trials/se-klar/"
RIGHT = {"reduced_capacity": True, "wants_work": True, "in_work": False}
OFFICES = {"kari": "0104", "hanne": "0628"}  # caseworker -> number of the own office
ELSEWHERE = {"kari": "hanne", "hanne": "kari"}
MEANINGS = ("follow_up", "new_data", "everything")
someone = st.integers(0, 40)  # taken modulo how many there are


class Workflow(Invariants, RuleBasedStateMachine):
    """One example is one life of a trial; whatever it wrote is taken back at its end."""

    world: DrawCast
    time: SimulatedClock
    browsers: dict[str, Client]

    def __init__(self) -> None:
        super().__init__()
        self.known = Expected()
        self.serial = count(500)
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        self.before = verbs()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.close()

    # What the offices do

    @initialize()
    def the_first_comes_in(self) -> None:
        self.somebody_comes_in("kari", False)

    @rule(who=st.sampled_from(list(OFFICES)), answers=st.fixed_dictionaries({}, optional={
        code: st.sampled_from([right, right, right, not right]) for code, right in RIGHT.items()
    }))  # fmt: skip
    def answers_questions(self, who: str, answers: dict[str, bool]) -> None:
        answer = self.post(who, "eligibility-checks/", {"office": OFFICES[who], "answers": answers})
        whole = None if set(answers) != set(RIGHT) else answers == RIGHT
        self.accepted(answer, "eligibility_checked", status=201)
        assert answer.json()["eligible"] is whole
        self.known.checks.append(Check(answer.json()["key"], who, whole))

    @rule(who=st.sampled_from(list(OFFICES)), ticks=st.booleans())
    def somebody_comes_in(self, who: str, ticks: bool) -> None:
        """The usual way, at once: without it few would come as far as the draw."""
        self.answers_questions(who, dict(RIGHT))
        self.registers(len(self.known.checks) - 1, None)
        self.consents(len(self.known.people) - 1, 0, ticks)

    @rule(which=someone, same_as=st.one_of(st.none(), someone))
    def registers(self, which: int, same_as: int | None) -> None:
        check = self.known.checks[which % len(self.known.checks)]
        person = synthetic_person(next(self.serial))
        national_id = person.national_id
        if same_as is not None and self.known.people:
            national_id = self.known.people[same_as % len(self.known.people)].national_id
        body = {"check": check.key, "name": person.name, "national_id": national_id}
        answer = self.post(check.office, "participants/", body)
        if self.refused(answer, self.known.registering(check, national_id)):
            return
        self.accepted(answer, "person_registered", status=201)
        check.number = answer.json()["number"]
        self.known.people.append(Someone(check.key, check.number, check.office, national_id))

    @rule(which=someone, wrong=st.sampled_from(["12345678901", "13097248023", "abc", ""]))
    def registers_a_number_that_cannot_be(self, which: int, wrong: str) -> None:
        check = self.known.checks[which % len(self.known.checks)]
        body = {"check": check.key, "name": "Nora Testvik", "national_id": wrong}
        answer = self.post(check.office, "participants/", body)
        assert 400 <= answer.status_code < 500
        assert not wrong or wrong not in answer.content.decode()

    @precondition(lambda self: self.known.people)
    @rule(which=someone, back=st.sampled_from([0, 0, 0, 1, -1]), ticks=st.booleans())
    def consents(self, which: int, back: int, ticks: bool) -> None:
        who, version = self.one(which), self.known.version - back
        body = {"version": max(version, 1), "covers": OPTIONAL if ticks else []}
        version = body["version"]
        answer = self.post(who.office, f"participants/{who.number}/consents/", body)
        if self.refused(answer, self.known.consenting(who, version)):
            return
        assert answer.status_code == 201
        assert answer.json()["covers"] == [*REGISTERS, *(OPTIONAL if ticks else [])]
        who.version = version
        who.state = "consented" if who.state == "registered" else who.state

    @precondition(lambda self: self.known.people)
    @rule(which=someone, key=st.sampled_from(["new", "new", "new", "same", "another's", "none"]))
    def asks_for_the_draw(self, which: int, key: str) -> None:
        who = self.one(which)
        mine = [each for each, (number, _answer) in self.known.answers.items() if number == who.number]
        theirs = [each for each in self.known.answers if each not in mine]
        chosen = {"same": mine, "another's": theirs, "none": [""]}.get(key) or [f"key-{next(self.serial)}"]
        answer = self.post(who.office, "draws/", {"participant": who.number}, key=chosen[0])
        expected = "key_missing" if key == "none" else self.known.enrolling(who, chosen[0])
        if self.refused(answer, expected):
            return
        assert answer.status_code == 200, answer.content
        if chosen[0] in self.known.answers:
            assert answer.content == self.known.answers[chosen[0]][1], "the same key gets the same answer"
            return
        self.known.answers[chosen[0]] = (who.number, answer.content)
        assert answer.json()["arm"] == who.arm, "nobody is told an arm that is not drawn, or another one than before"
        if who.place < 0:
            who.place, who.state = sum(each.place >= 0 for each in self.known.people), "enrolled"
            self.known.written["place_taken"] += 1

    @precondition(lambda self: self.known.people)
    @rule(which=someone, meaning=st.sampled_from(MEANINGS))
    def withdraws(self, which: int, meaning: str) -> None:
        who = self.one(which)
        answer = self.post(who.office, f"participants/{who.number}/withdrawal/", {"meaning": meaning})
        if self.refused(answer, self.known.withdrawing(who, meaning)):
            return
        self.accepted(answer, "withdrawn", status=201)
        who.state, who.withdrawal = "withdrawn", meaning
        if meaning != "follow_up":
            who.version = 0
        if meaning == "everything":
            self.known.written["identity_erased"] += 1

    # What others do

    @rule(share=st.sampled_from([1.0, 1.0, 0.5]))
    def researcher_draws(self, share: float) -> None:
        seen = self.get("researcher", "waiting/").json()
        waiting = {each["number"] for each in seen["waiting"]}
        assert waiting == {each.number for each in self.known.people if each.waits}
        contexts = [context for each in seen["waiting"] for context in each["contexts"]]
        made = {canonical_json(each).decode(): self.world.contribute(each).hex() for each in contexts}
        some = dict(list(made.items())[: round(len(made) * share)])
        body = {"commitment": seen["commitment"], "contributions": some}
        answer = self.post("researcher", "draws/", body, key=f"key-{next(self.serial)}")
        assert answer.status_code == 200, answer.content
        for each in answer.json()["drawn"]:
            who = self.known.of(each["participant"])
            assert who.waits, "nobody is drawn twice"
            who.arm = each["arm"]
            who.state = who.state if who.state == "withdrawn" else "allocated"
        assert answer.json()["waiting"] == sum(each.waits for each in self.known.people)

    @rule()
    def a_new_form_is_published(self) -> None:
        """After everything before it: of two things at one moment nobody could say which form was in force."""
        self.time.advance(timedelta(seconds=1))
        lead = self.world.cast.lead
        with acting(lead):
            text = {"nb": f"Jeg samtykker, versjon {self.known.version + 1}."}
            covers = {"covers": [*REGISTERS, *OPTIONAL], "optional": OPTIONAL}
            publish_consent_form(by=lead, trial=self.world.trial, text=text, **covers)
        self.known.version += 1
        self.known.written["consent_form_published"] += 1

    @rule()
    def the_log_is_signed(self) -> None:
        answer = self.post("researcher", "checkpoints/", {})
        assert answer.status_code == 201
        size, leaves = answer.json()["size"], leaves_of_the_log()
        assert answer.json()["root"] == root_of([text.encode() for text in leaves[:size]]).hex()
        assert size == len(leaves)

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.time.advance(timedelta(hours=hours))

    @precondition(lambda self: self.known.people)
    @rule(which=someone, what=st.sampled_from(["", "consents/", "receipt/", "withdrawal/", "draws/"]))
    def a_stranger_tries(self, which: int, what: str) -> None:
        who = self.one(which)
        browser, path = ELSEWHERE[who.office], f"participants/{who.number}/{what}"
        if what == "draws/":
            answer = self.post(browser, what, {"participant": who.number}, key=f"key-{next(self.serial)}")
        elif what == "withdrawal/":
            answer = self.post(browser, path, {"meaning": "everything"})
        else:
            answer = self.get(browser, path)
        assert answer.status_code == 404, answer.content
        assert self.get("analyst", f"participants/{who.number}/").status_code == 403

    @precondition(lambda self: self.known.people)
    @rule(which=someone)
    def the_office_reads(self, which: int) -> None:
        who = self.one(which)
        answer = self.get(who.office, f"participants/{who.number}/").json()
        assert (answer["state"], answer["withdrawal"]) == (who.state, who.withdrawal)
        receipt = self.get(who.office, f"participants/{who.number}/receipt/")
        assert (receipt.status_code == 200) == bool(who.arm)

    # How it is asked

    def one(self, which: int) -> Someone:
        return self.known.people[which % len(self.known.people)]

    def post(self, who: str, path: str, body: dict[str, Any], *, key: str | None = None) -> HttpResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        with transaction.atomic():  # a refusal rolls back what is open, which must not be the whole life
            return self.browsers[who].post(API + path, body, content_type="application/json", headers=headers)

    def get(self, who: str, path: str) -> HttpResponse:
        with transaction.atomic():
            return self.browsers[who].get(API + path)

    def refused(self, answer: HttpResponse, code: str) -> bool:
        """Whether the model refuses; the answer must then say why, in the form of RFC 9457."""
        if not code:
            return False
        assert 400 <= answer.status_code < 500, answer.content
        assert answer.json()["code"] == code
        assert answer["Content-Type"] == "application/problem+json"
        return True

    def accepted(self, answer: HttpResponse, verb: str, *, status: int) -> None:
        assert answer.status_code == status, answer.content
        self.known.written[verb] += 1
