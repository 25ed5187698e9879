"""Draws the life cycles that the rooms' `states.py` declare, as Mermaid diagrams in one page."""

from enum import StrEnum
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import override

from trial.analyses import states as analyses
from trial.enrolment import states as enrolment
from trial.followup import states as followup
from trial.registers import states as registers
from trial.results import states as results
from trial.studies import states as studies
from trial.surveys import states as surveys

PAGE = settings.ROOT / "trial" / "config" / "decisions" / "states.md"
LIVES: dict[str, ModuleType] = {
    "Forsøk (trial)": studies,
    "Deltaker (participant)": enrolment,
    "Fase i oppfølgingen (stage)": followup,
    "Spørreskjema i en runde (invitation)": surveys,
    "Leveranse (delivery)": registers,
    "Kjøring (run)": analyses,
    "Frigivelse (release)": results,
}
HEAD = """# Life cycles

Drawn by `manage.py states --write` from the tables in the rooms' `states.py`; a test fails when they differ.
"""


class Command(BaseCommand):
    help = "Print the life cycles of trials, participants, deliveries and the rest as Mermaid diagrams."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            PAGE.write_text(page(), encoding="utf-8")
        else:
            self.stdout.write(page(), ending="")


def page() -> str:
    """Every diagram, in bokmål."""
    with override("nb"):
        return HEAD + "".join(f"\n## {title}\n\n{diagram(module)}" for title, module in LIVES.items())


def diagram(module: ModuleType) -> str:
    """The Mermaid diagram of a module's table; the first state begins, states without a way out end."""
    table: dict[StrEnum, frozenset[StrEnum]] = module.TRANSITIONS
    first, *_others = table
    lines = [f"{state.value}: {module.LABELS[state]}" for state in table]
    lines.append(f"[*] --> {first.value}")
    for state, following in table.items():
        lines += [f"{state.value} --> {target.value}" for target in table if target in following]
        if not following:
            lines.append(f"{state.value} --> [*]")
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"  {line}\n" for line in lines) + "```\n"
