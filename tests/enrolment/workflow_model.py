"""What a slow reader of the rules expects of the way through a trial: no database, no code of the application.

The machine of `workflow` asks here what the API must answer, and compares what the database holds afterwards.
"""

from collections import Counter
from dataclasses import dataclass, field

ORDER = ["", "follow_up", "new_data", "everything"]  # what a withdrawal takes back, from nothing to all


@dataclass
class Check:
    """Answers about someone who might take part; `eligible` is None while one is open."""

    key: str
    office: str
    eligible: bool | None
    number: str = ""


@dataclass
class Someone:
    """A participant as everything that was accepted has left them."""

    key: str
    number: str
    office: str
    national_id: str
    state: str = "registered"
    version: int = 0  # of the form consented to; 0: no consent in force
    consented_before: int = 0  # consents that are there, in force or not
    withdrawal: str = ""
    arm: str = ""
    place: int = -1  # in the order of enrolment; -1: none

    @property
    def waits(self) -> bool:
        return self.place >= 0 and not self.arm


@dataclass
class Expected:
    """The trial as it must be."""

    version: int = 1
    checks: list[Check] = field(default_factory=list)
    people: list[Someone] = field(default_factory=list)
    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # Idempotency-Key -> number, answer
    written: Counter[str] = field(default_factory=Counter)  # verbs of what was accepted
    checkpoints: int = 0

    def of(self, number: str) -> Someone:
        return next(each for each in self.people if each.number == number)

    def holds(self, national_id: str) -> bool:
        """Whether someone with this national id is in the trial, and is not forgotten."""
        return any(each.national_id == national_id and each.withdrawal != "everything" for each in self.people)

    def registering(self, check: Check, national_id: str) -> str:
        """The code of the refusal, "" where there is none."""
        if check.number:
            return "already_registered"
        if not check.eligible:
            return "not_eligible"
        return "already_in_trial" if self.holds(national_id) else ""

    def consenting(self, who: Someone, version: int) -> str:
        if not 1 <= version <= self.version:
            return "not_found"
        if who.state == "withdrawn":
            return "withdrawn"
        return "consent_outdated" if version != self.version else ""

    def enrolling(self, who: Someone, key: str) -> str:
        if key in self.answers and self.answers[key][0] != who.number:
            return "key_reused"
        if key in self.answers or who.place >= 0:
            return ""
        if who.state == "withdrawn":
            return "withdrawn"
        if not who.version:
            return "consent_missing"
        return "consent_outdated" if who.version != self.version else ""

    def withdrawing(self, who: Someone, meaning: str) -> str:
        return "" if ORDER.index(meaning) > ORDER.index(who.withdrawal) else "already_withdrawn"
