"""The instruments of the questionnaire study, with our own wording, and its four waves.

Johansen and Schönfelder, Utvidet oppfølging i NAVs egen regi (2021), chapter 4: work ability 0 to 10,
return-to-work self-efficacy as the mean of three items 1 to 10, expected time to work in eight steps or do not know;
asked at the start and after 3, 12 and 18 months.
"""

from dataclasses import dataclass
from typing import Any

_SURE = (
    {"nb": "Ikke sikker i det hele tatt", "en": "Not sure at all"},
    {"nb": "Helt sikker", "en": "Completely sure"},
)
_TIMES = (
    ("1", "Innen en måned", "Within one month"),
    ("2", "Om 1 til 3 måneder", "In 1 to 3 months"),
    ("3", "Om 3 til 6 måneder", "In 3 to 6 months"),
    ("4", "Om 6 til 12 måneder", "In 6 to 12 months"),
    ("5", "Om 1 til 2 år", "In 1 to 2 years"),
    ("6", "Om 2 til 3 år", "In 2 to 3 years"),
    ("7", "Om mer enn 3 år", "In more than 3 years"),
    ("8", "Jeg regner ikke med å komme i arbeid", "I do not expect to get into work"),
)


@dataclass(frozen=True)
class StandardInstrument:
    code: str
    title_nb: str
    title_en: str
    items: tuple[dict[str, Any], ...]


def _sureness(code: str, nb: str, en: str) -> dict[str, Any]:
    question = {"nb": f"Hvor sikker er du på at du kan {nb}?", "en": f"How sure are you that you can {en}?"}
    return {"code": code, "kind": "scale", "question": question, "low": 1, "high": 10, "ends": _SURE}


INSTRUMENTS = (
    StandardInstrument(
        "work_ability",
        "Arbeidsevne",
        "Work ability",
        (
            {
                "code": "work_ability",
                "kind": "scale",
                "question": {
                    "nb": "Tenk deg at arbeidsevnen din på sitt beste er verdt 10 poeng. "
                    "Hvor mange poeng gir du arbeidsevnen din nå?",
                    "en": "Imagine that your work ability at its best is worth 10 points. "
                    "How many points do you give your work ability now?",
                },
                "low": 0,
                "high": 10,
                "ends": (
                    {"nb": "Kan ikke arbeide nå", "en": "Cannot work now"},
                    {"nb": "Arbeidsevnen på sitt beste", "en": "Work ability at its best"},
                ),
            },
        ),
    ),
    StandardInstrument(
        "return_to_work_self_efficacy",
        "Tro på å klare å jobbe",
        "Belief in managing to work",
        (
            _sureness("item_1", "klare kravene i en jobb du begynte i nå", "meet the demands of a job you started now"),
            _sureness("item_2", "finne en måte å jobbe på som passer deg", "find a way of working that suits you"),
            _sureness("item_3", "bli i en jobb også når det røyner på", "stay in a job also when it gets hard"),
        ),
    ),
    StandardInstrument(
        "expected_time_to_work",
        "Når du tror du er i arbeid",
        "When you expect to be in work",
        (
            {
                "code": "expected_time_to_work",
                "kind": "choice",
                "question": {
                    "nb": "Når tror du at du er i ordinært arbeid?",
                    "en": "When do you expect to be in ordinary work?",
                },
                "options": [[code, {"nb": nb, "en": en}] for code, nb, en in _TIMES],
                "do_not_know": True,
            },
        ),
    ),
)


@dataclass(frozen=True)
class StandardWave:
    """`months` after enrolment; the window opens `opens_before` days before that and closes `closes_after` after."""

    code: str
    months: int
    opens_before: int
    closes_after: int


WAVES = (
    StandardWave("T1", 0, 0, 21),
    StandardWave("T2", 3, 7, 28),
    StandardWave("T3", 12, 14, 42),
    StandardWave("T4", 18, 14, 42),
)
REMINDERS = (7, 14)  # days after the window opened
