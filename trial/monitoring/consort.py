"""The CONSORT flow as a figure: boxes and lines for an SVG, laid out here so that the template only draws."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from trial.monitoring import policies
from trial.monitoring.flow import ArmFlow
from trial.monitoring.queries import Dashboard

WIDTH, BOX_WIDTH, LINE, PADDING, GAP = 760, 230, 20, 12, 34


@dataclass(frozen=True)
class Box:
    """A box with its lines of text; `x`, `y`: its upper left corner in the units of the figure."""

    x: int
    y: int
    lines: list[str]
    width: int = BOX_WIDTH

    @property
    def height(self) -> int:
        return LINE * len(self.lines) + 2 * PADDING

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def texts(self) -> list[tuple[int, str]]:
        """The base line of each line of text."""
        return [(self.y + PADDING + LINE * place + 15, line) for place, line in enumerate(self.lines)]


def figure(board: Dashboard) -> dict[str, Any]:
    """Boxes from top to bottom and the lines between them; the arms side by side for those who may see them."""
    flow = board.flow
    assessed = Box((WIDTH - BOX_WIDTH) // 2, 0, [_sum(_("Vurdert"), flow.assessed, board)])
    left_out = Box(
        WIDTH - BOX_WIDTH,
        assessed.bottom + GAP,
        [
            _line(_("Oppfylte ikke kravene"), flow.not_eligible, board),
            _line(_("Ville ikke delta"), flow.turned_back, board),
            _line(_("Under registrering"), flow.under_way, board),
        ],
    )
    drawn_lines = [_sum(_("Meldt inn"), flow.enrolled, board), _line(_("Venter på loddtrekning"), flow.waiting, board)]
    enrolled = Box(assessed.x, left_out.bottom + GAP, drawn_lines)
    arms = _arm_boxes(board, enrolled.bottom + GAP)
    turn = left_out.y + left_out.height // 2
    lines = [(assessed.middle, assessed.bottom, assessed.middle, enrolled.y), (assessed.middle, turn, left_out.x, turn)]
    for box in arms:
        lines += _branch(enrolled, box)
    boxes = [assessed, left_out, enrolled, *arms]
    return {"boxes": boxes, "lines": lines, "width": WIDTH, "height": max(box.bottom for box in boxes)}


def _arm_boxes(board: Dashboard, top: int) -> list[Box]:
    if not board.arms_seen or not board.arms:
        return [Box((WIDTH - BOX_WIDTH) // 2, top, [_sum(_("Trukket"), board.flow.drawn, board)])]
    width = min(BOX_WIDTH + 60, WIDTH // len(board.arms) - PADDING)
    step = WIDTH // len(board.arms)
    return [
        Box(step * place + (step - width) // 2, top, _arm_lines(arm, board), width)
        for place, arm in enumerate(board.flow.arms)
    ]


def _arm_lines(flow: ArmFlow, board: Dashboard) -> list[str]:
    return [
        flow.arm.name,
        _line(_("Trukket"), flow.drawn, board),
        _line(_("Har fått jobbspesialist"), flow.followed, board),
        _line(_("Har trukket seg"), flow.withdrawn, board),
        *(_line(label, count, board) for label, count in _mistakes(flow) if count),
        _line(_("Fullført oppfølging"), flow.completed, board),
        _line(_("Med i analysen"), flow.drawn, board),
    ]


def _mistakes(flow: ArmFlow) -> list[tuple[str, int]]:
    """Most trials have none; then the figure has no line for them."""
    return [(_("Meldt inn ved en feil"), flow.in_error), (_("Meldt inn to ganger"), flow.duplicate)]


def _branch(above: Box, below: Box) -> list[tuple[int, int, int, int]]:
    half = (above.bottom + below.y) // 2
    return [
        (above.middle, above.bottom, above.middle, half),
        (above.middle, half, below.middle, half),
        (below.middle, half, below.middle, below.y),
    ]


def _line(label: str, count: int, board: Dashboard) -> str:
    return f"{label}: {policies.cell(count, exact=board.exact)}"


def _sum(label: str, count: int, board: Dashboard) -> str:
    return f"{label}: {policies.whole(count, exact=board.exact)}"
