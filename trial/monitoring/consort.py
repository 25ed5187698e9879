"""The flow of participants (CONSORT 2025) as a figure: boxes and lines for an SVG, laid out here so that the template
only draws. Each number leads to the list of the people behind it, for those who may see them."""

import textwrap
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from trial.access import small_counts
from trial.monitoring.flow import ArmFlow
from trial.monitoring.lists import STEPS
from trial.monitoring.queries import Dashboard

WIDTH, BOX_WIDTH, LINE, PADDING, GAP = 840, 300, 22, 12, 30
STAGE = 116  # the width of the column that names the four stages
LETTER = 6.8  # the width of a letter, at most, over a whole line


@dataclass(frozen=True)
class Line:
    """A line of text in a box; `url`: the list behind its number, empty where the reader may not see it."""

    text: str
    url: str = ""

    def within(self, width: int) -> list[str]:
        """The text in as many lines as a width asks for, with the number in one of them."""
        whole = self.text.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
        parts = textwrap.wrap(whole, max(1, int(width / LETTER)), break_on_hyphens=False)
        return [part.replace("\N{NO-BREAK SPACE}", " ") for part in parts]


@dataclass(frozen=True)
class Box:
    """A box with its lines of text; `x`, `y`: its upper left corner in the units of the figure."""

    x: int
    y: int
    lines: list[Line]
    width: int = BOX_WIDTH

    @property
    def height(self) -> int:
        return LINE * sum(len(parts) for _line, parts in self._set) + 2 * PADDING

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def texts(self) -> list[tuple[Line, list[tuple[int, str]]]]:
        """Each line with what stands of it on which base line."""
        base = count(self.y + PADDING + 16, LINE)
        return [(line, [(next(base), part) for part in parts]) for line, parts in self._set]

    @property
    def _set(self) -> list[tuple[Line, list[str]]]:
        return [(line, line.within(self.width - PADDING)) for line in self.lines]


@dataclass(frozen=True)
class Row:
    """A number of the flow: the step, its count in all, and by arm where it is counted so. None: no step of the arm."""

    step: str
    count: int
    by_arm: tuple[int | None, ...] = ()


def rows(board: Dashboard) -> list[Row]:
    """Every number of the flow, in order; the same for the figure, the table, the download and the report."""
    flow = board.flow
    return [
        Row("assessed", flow.assessed),
        Row("not-eligible", flow.not_eligible),
        Row("declined", flow.turned_back),
        Row("under-way", flow.under_way),
        Row("enrolled", flow.enrolled),
        Row("waiting", flow.waiting),
        Row("randomised", flow.drawn),
        *(row for row in _by_arm(flow.arms) if row.count or row.step not in SELDOM),
    ]


SELDOM = ("in-error", "duplicate", "excluded")  # most trials have none; then there is no line for them
PARTS = {
    "allocated": "drawn",
    "received": "received",
    "not-received": "not_received",
    "deviated": "deviated",
    "stopped": "stopped",
    "lost": "lost",
    "completed": "completed",
    "in-error": "in_error",
    "duplicate": "duplicate",
    "analysed": "analysed",
    "excluded": "excluded",
}
BY_SPECIALISTS = ("completed",)  # a control group has no follow-up by a job specialist that could be completed
STAGES = {
    "allocation": ("allocated", "received", "not-received", "in-error", "duplicate"),
    "follow-up": ("deviated", "stopped", "lost", "completed"),
    "analysis": ("analysed", "excluded"),
}


def _by_arm(arms: list[ArmFlow]) -> list[Row]:
    counted = {step: tuple(_counted(arm, step) for arm in arms) for step in PARTS}
    return [Row(step, sum(number or 0 for number in numbers), numbers) for step, numbers in counted.items()]


def _counted(arm: ArmFlow, step: str) -> int | None:
    number: int = getattr(arm, PARTS[step])
    return None if step in BY_SPECIALISTS and arm.arm.is_control and not number else number


Lines = list[tuple[int, int, int, int]]


def figure(board: Dashboard) -> dict[str, Any]:
    """Boxes from top to bottom and the lines between them; the arms side by side for those who may see them."""
    found = {row.step: row for row in rows(board)}
    above, lines = _inclusion(board, found)
    stages = [(_("Inklusjon"), above[0].y, above[2].bottom), (_("Randomisering"), above[3].y, above[3].bottom)]
    below, more, later = _after_draw(board, found, above[3])
    boxes = [*above, *below]
    return {
        "boxes": boxes,
        "lines": lines + more,
        "stages": [_band(*stage) for stage in [*stages, *later]],
        "width": WIDTH,
        "height": max(each.bottom for each in boxes),
    }


def _inclusion(board: Dashboard, found: dict[str, Row]) -> tuple[list[Box], Lines]:
    """From those asked to those drawn: assessed, left out to the right, enrolled, drawn."""

    def box(top: int, left: int, *steps: str, head: tuple[Line, ...] = ()) -> Box:
        return Box(left, top, [*head, *(_line(board, step, found[step].count) for step in steps)])

    left, right = STAGE + 20, WIDTH - BOX_WIDTH
    assessed = box(0, left, "assessed")
    head = (Line(_("Ikke tatt med")),)
    out = box(assessed.bottom + GAP, right, "not-eligible", "declined", "under-way", head=head)
    enrolled = box(out.bottom + GAP, left, "enrolled", "waiting")
    drawn = box(enrolled.bottom + GAP, (STAGE + WIDTH - BOX_WIDTH) // 2, "randomised")
    turn = out.y + out.height // 2
    lines = [(assessed.middle, assessed.bottom, assessed.middle, enrolled.y), (assessed.middle, turn, out.x, turn)]
    return [assessed, out, enrolled, drawn], lines + _branch(enrolled, drawn)


def _after_draw(
    board: Dashboard, found: dict[str, Row], above: Box
) -> tuple[list[Box], Lines, list[tuple[str, int, int]]]:
    """The three stages after the draw, a column an arm; nothing for those who do not see arms."""
    boxes: list[Box] = []
    lines: Lines = []
    stages: list[tuple[str, int, int]] = []
    if not (board.arms_seen and board.arms):
        return boxes, lines, stages
    before = [above] * len(board.arms)
    for stage, label in (("allocation", _("Tildeling")), ("follow-up", _("Oppfølging")), ("analysis", _("Analyse"))):
        top = max(each.bottom for each in before) + GAP
        column = _columns(board, [found[step] for step in STAGES[stage] if step in found], top)
        for upper, lower in zip(before, column, strict=True):
            lines += _branch(upper, lower)
        stages.append((label, top, max((each.bottom for each in column), default=top)))
        boxes, before = [*boxes, *column], column
    return boxes, lines, stages


def _columns(board: Dashboard, shown: list[Row], top: int) -> list[Box]:
    """A box for each arm with these numbers."""
    step = (WIDTH - STAGE) // max(1, len(board.arms))
    width = min(BOX_WIDTH + 40, step - PADDING)
    return [
        Box(STAGE + step * place + (step - width) // 2, top, _arm_lines(board, shown, place), width)
        for place in range(len(board.arms))
    ]


def _band(label: str, top: int, bottom: int) -> dict[str, Any]:
    """The name of a stage beside its boxes."""
    return {"label": label, "y": top, "height": bottom - top, "width": STAGE - 8, "middle": (top + bottom) // 2 + 5}


def _arm_lines(board: Dashboard, shown: list[Row], place: int) -> list[Line]:
    head = [Line(str(board.arms[place]))] if shown[0].step == "allocated" else []
    arm = board.arms[place].code
    numbers = ((row.step, row.by_arm[place]) for row in shown)
    return [*head, *(_line(board, step, number, arm) for step, number in numbers if number is not None)]


def _line(board: Dashboard, step: str, number: int, arm: str = "") -> Line:
    shown = small_counts.shown(number, exact=board.exact)
    return Line(f"{STEPS[step].label} (n = {shown})", address(board, step, arm))


def address(board: Dashboard, step: str, arm: str = "") -> str:
    """The list behind a number, for those who see participants."""
    if not board.exact or (STEPS[step].of_arm and not arm):
        return ""
    parts = [board.trial.code, step, *([arm] if arm else [])]
    return reverse("monitoring:flow_arm_list" if arm else "monitoring:flow_list", args=parts)


def _branch(above: Box, below: Box) -> Lines:
    half = (above.bottom + below.y) // 2
    return [
        (above.middle, above.bottom, above.middle, half),
        (above.middle, half, below.middle, half),
        (below.middle, half, below.middle, below.y),
    ]
