"""What is asked: questions of three kinds, their rules, and the pages that they fall into. Plain values, no database.

A question stands as JSON in `Instrument.items`; `read` makes it an `Item` and refuses what cannot be asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from evaluation.national_id import find_national_ids
from trial.access.refusals import Refusal

DO_NOT_KNOW = "do_not_know"
LONGEST_TEXT = 1000  # characters of a free answer
WIDEST_SCALE = 20  # steps; more than that is no scale that fits a phone

Words = Mapping[str, str]  # language code -> text; `nb` is always there
Answers = Mapping[str, str]  # item code -> answer


class Kind(StrEnum):
    """How a question is answered."""

    SCALE = "scale"
    CHOICE = "choice"
    TEXT = "text"


KINDS: dict[Any, Any] = {
    Kind.SCALE: _("Skala med tall"),
    Kind.CHOICE: _("Ett av flere svar"),
    Kind.TEXT: _("Fritekst"),
}


@dataclass(frozen=True)
class Condition:
    """A question is asked only when an earlier one of the same instrument has one of these answers."""

    item: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """A question. `low` to `high` (whole numbers) and `ends` (words) belong to a scale, `options` to a choice."""

    code: str
    kind: Kind
    question: Words
    low: int = 0
    high: int = 0
    ends: tuple[Words, Words] | None = None
    options: tuple[tuple[str, Words], ...] = ()
    do_not_know: bool = False
    shown_if: Condition | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """Every answer that can be chosen; empty for free text."""
        chosen = tuple(map(str, range(self.low, self.high + 1))) if self.kind == Kind.SCALE else self._codes
        return (*chosen, DO_NOT_KNOW) if self.do_not_know and chosen else chosen

    @property
    def _codes(self) -> tuple[str, ...]:
        return tuple(code for code, _words in self.options)


def in_words(words: Words) -> str:
    """The text in the reader's language, else in bokmål."""
    return words.get(get_language() or "nb") or words["nb"]


def fault(item: Item, answer: str) -> str:
    """The code of what is wrong with an answer; empty when it can be kept. An empty answer is always possible."""
    if not answer:
        return ""
    if item.kind != Kind.TEXT:
        return "" if answer in item.values else "impossible_answer"
    if len(answer) > LONGEST_TEXT:
        return "answer_too_long"
    return "national_id_in_text" if find_national_ids(answer) else ""


def is_shown(item: Item, answers: Answers) -> bool:
    """Whether a question is asked, given the answers so far."""
    return item.shown_if is None or answers.get(item.shown_if.item, "") in item.shown_if.answers


def asked(items: Iterable[Item], answers: Answers) -> list[Item]:
    """The questions that are asked; an answer to one that is not asked counts for no condition."""
    found: list[Item] = []
    given: dict[str, str] = {}
    for item in items:
        if is_shown(item, given):
            found.append(item)
            given[item.code] = answers.get(item.code, "")
    return found


def pages(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """The questions in pages: one that depends on an answer never stands on the page of that answer, so that
    branching needs no script."""
    found: list[list[Item]] = [[]]
    for item in items:
        if item.shown_if and item.shown_if.item in {other.code for other in found[-1]}:
            found.append([])
        found[-1].append(item)
    return [tuple(page) for page in found if page]


def read(content: Sequence[Mapping[str, Any]]) -> tuple[Item, ...]:
    """The questions of an instrument in their order.

    Raises:
        Refusal: `item_twice`, `question_missing`, `scale_impossible`, `too_few_options`, `option_twice`,
            `condition_impossible`.
    """
    items: list[Item] = []
    for part in content:
        item = _item(part)
        _possible(item, items)
        items.append(item)
    return tuple(items)


def written(item: Item) -> dict[str, Any]:
    """An item as JSON, which `read` gives back."""
    return {
        "code": item.code,
        "kind": item.kind.value,
        "question": dict(item.question),
        "low": item.low,
        "high": item.high,
        "ends": [dict(words) for words in item.ends] if item.ends else None,
        "options": [[code, dict(words)] for code, words in item.options],
        "do_not_know": item.do_not_know,
        "shown_if": {"item": item.shown_if.item, "answers": list(item.shown_if.answers)} if item.shown_if else None,
    }


def _item(part: Mapping[str, Any]) -> Item:
    condition, ends = part.get("shown_if"), part.get("ends")
    return Item(
        code=part["code"],
        kind=Kind(part["kind"]),
        question=part["question"],
        low=part.get("low", 0),
        high=part.get("high", 0),
        ends=(ends[0], ends[1]) if ends else None,
        options=tuple((code, words) for code, words in part.get("options", ())),
        do_not_know=part.get("do_not_know", False),
        shown_if=Condition(condition["item"], tuple(condition["answers"])) if condition else None,
    )


def _possible(item: Item, before: Sequence[Item]) -> None:
    if item.code in {other.code for other in before}:
        raise _no("item_twice", _("To spørsmål kan ikke ha samme kode."), "code")
    if not item.question.get("nb", "").strip():
        raise _no("question_missing", _("Skriv spørsmålet."), "question")
    if item.kind == Kind.SCALE and not 0 < item.high - item.low <= WIDEST_SCALE:
        raise _no("scale_impossible", _("Det høyeste tallet må være 1 til 20 over det laveste."), "high")
    if item.kind == Kind.CHOICE and len(item.options) < 2:
        raise _no("too_few_options", _("Skriv minst to svar å velge mellom, ett på hver linje."), "options")
    if len({code for code, _words in item.options}) < len(item.options):
        raise _no("option_twice", _("To svar kan ikke ha samme kode."), "options")
    if item.shown_if:
        _condition_possible(item.shown_if, before)


def _condition_possible(condition: Condition, before: Sequence[Item]) -> None:
    earlier = {other.code: other for other in before}.get(condition.item)
    if earlier is None or not condition.answers or not set(condition.answers) <= set(earlier.values):
        raise _no(
            "condition_impossible",
            _("Velg et tidligere spørsmål med tall eller svar å velge mellom, og hvilke av svarene det gjelder."),
            "shown_if_answers",
        )


def _no(code: str, sentence: Any, field: str) -> Refusal:
    return Refusal(code, sentence, field=field, status=422)
