"""Fidelity scales and the principles of IPS: what is scored, and what a sum means. Labels in our own words.

Sources: Supported Employment Fidelity Scale, 15 items (Bond, Becker, Drake & Vogler 1997; SAMHSA's toolkit), and
IPS-25 (Becker, Swanson, Reese, Bond & McLeman 2015; validated by Bond, Peterson, Becker & Drake 2012). Every item is
scored from 1 (not met) to 5 (fully met) by reviewers who visit the office.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Label = str | Promise
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True)
class Item:
    code: str
    label: Label


@dataclass(frozen=True)
class Section:
    name: Label
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Level:
    """What a sum of at least `least` means; `color` is the tag's."""

    least: int
    label: Label
    color: str


@dataclass(frozen=True)
class Scale:
    """A fidelity scale; `levels` from the highest down, the last from zero."""

    code: str
    name: Label
    sections: tuple[Section, ...]
    levels: tuple[Level, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for section in self.sections for item in section.items)

    @property
    def highest(self) -> int:
        return HIGHEST * len(self.items)

    def level(self, total: int) -> Level:
        """What a sum of scores means on this scale."""
        return next(level for level in self.levels if total >= level.least)

    def unscored(self, scores: Mapping[str, int]) -> list[Item]:
        """The items without a whole number from 1 to 5."""
        return [
            item
            for item in self.items
            if not isinstance(scores.get(item.code), int) or not LOWEST <= scores[item.code] <= HIGHEST
        ]


CASELOAD = Item("caseload", _("Porteføljen er liten nok"))
ONLY_WORK = Item("only_work", _("Jobbspesialisten arbeider bare med jobb"))
ALL_PHASES = Item("all_phases", _("Samme jobbspesialist følger hele løpet"))
UNIT = Item("unit", _("Jobbspesialistene er ett team og dekker for hverandre"))
ZERO_EXCLUSION = Item("zero_exclusion", _("Ingen som vil ha jobb blir avvist"))
ASSESSMENT = Item("assessment", _("Kartlegging skjer underveis, i ordinært arbeid"))
RAPID = Item("rapid_search", _("Jobbsøket begynner raskt"))
INDIVIDUAL_SEARCH = Item("individual_search", _("Jobbsøket følger personens egne ønsker"))
DIVERSE_JOBS = Item("diverse_jobs", _("Jobbene er av ulike slag"))
COMMUNITY = Item("community", _("Jobbspesialisten er ute av kontoret"))
OUTREACH = Item("outreach", _("Oppsøkende kontakt når noen faller fra"))

SE_15 = Scale(
    code="se15",
    name=_("Metodetrohet i Supported Employment (15 punkter)"),
    sections=(
        Section(_("Bemanning"), (CASELOAD, ONLY_WORK, ALL_PHASES)),
        Section(
            _("Organisering"),
            (Item("health_team", _("Jobbspesialisten er en del av behandlingsteamet")), UNIT, ZERO_EXCLUSION),
        ),
        Section(
            _("Tjenester"),
            (
                ASSESSMENT,
                RAPID,
                INDIVIDUAL_SEARCH,
                DIVERSE_JOBS,
                Item("permanence", _("Jobbene er ordinære og varige")),
                Item("transitions", _("Hjelp til ny jobb når en jobb tar slutt")),
                Item("follow_along", _("Oppfølging i jobben så lenge det trengs")),
                COMMUNITY,
                OUTREACH,
            ),
        ),
    ),
    levels=(
        Level(66, _("God metodetrohet"), "success"),
        Level(56, _("Middels metodetrohet"), "warning"),
        Level(0, _("Ikke Supported Employment"), "danger"),
    ),
)

IPS_25 = Scale(
    code="ips25",
    name=_("IPS-25 (25 punkter)"),
    sections=(
        Section(_("Bemanning"), (CASELOAD, ONLY_WORK, ALL_PHASES)),
        Section(
            _("Organisering"),
            (
                Item("team_assignment", _("Integrert med behandling: knyttet til ett eller to team")),
                Item("team_contact", _("Integrert med behandling: hyppig kontakt med teamet")),
                Item("nav_contact", _("Samarbeid mellom jobbspesialist og Nav-veileder")),
                UNIT,
                Item("supervisor", _("Metodeveilederen følger opp kvaliteten")),
                ZERO_EXCLUSION,
                Item("agency_focus", _("Hele virksomheten legger vekt på ordinært arbeid")),
                Item("leadership", _("Ledelsen støtter metoden")),
            ),
        ),
        Section(
            _("Tjenester"),
            (
                Item("benefits", _("Råd om arbeid og ytelser")),
                Item("disclosure", _("Råd om åpenhet overfor arbeidsgiver")),
                ASSESSMENT,
                RAPID,
                INDIVIDUAL_SEARCH,
                Item("employer_contact", _("Jobbutvikling: hyppig kontakt med arbeidsgivere")),
                Item("employer_quality", _("Jobbutvikling: kvaliteten på kontakten")),
                DIVERSE_JOBS,
                Item("diverse_employers", _("Arbeidsgiverne er ulike")),
                Item("competitive", _("Jobbene er ordinære")),
                Item("individual_support", _("Tilpasset oppfølging i jobben")),
                Item("unlimited", _("Oppfølgingen har ingen fast tidsgrense")),
                COMMUNITY,
                OUTREACH,
            ),
        ),
    ),
    levels=(
        Level(115, _("Fremragende metodetrohet"), "success"),
        Level(100, _("God metodetrohet"), "success"),
        Level(74, _("Middels metodetrohet"), "warning"),
        Level(0, _("Ikke IPS"), "danger"),
    ),
)

SCALES = {scale.code: scale for scale in (SE_15, IPS_25)}


class Principle(Enum):
    """The eight principles of IPS, each with what it asks for in one person's follow-up."""

    CHOICE = "choice"
    COMPETITIVE = "competitive"
    INTEGRATED = "integrated"
    PREFERENCES = "preferences"
    BENEFITS = "benefits"
    RAPID = "rapid"
    DEVELOPMENT = "development"
    SUPPORT = "support"

    @property
    def label(self) -> Label:
        return PRINCIPLES[self]


PRINCIPLES: dict[Principle, Label] = {
    Principle.CHOICE: _("Personen har selv valgt å delta"),
    Principle.COMPETITIVE: _("Målet er ordinært arbeid"),
    Principle.INTEGRATED: _("Oppfølgingen er samordnet med behandlingen"),
    Principle.PREFERENCES: _("Personens egne ønsker styrer"),
    Principle.BENEFITS: _("Personen har fått råd om arbeid og ytelser"),
    Principle.RAPID: _("Jobbsøket begynte raskt"),
    Principle.DEVELOPMENT: _("Jobbspesialisten bygger kontakt med arbeidsgivere"),
    Principle.SUPPORT: _("Oppfølgingen i jobben er tilpasset og uten fast tidsgrense"),
}
