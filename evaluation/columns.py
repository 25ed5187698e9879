"""What each register's file holds: columns, their types and their code lists (EVALUATION: register deliveries)."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from evaluation.codes import BENEFITS, NUS_LEVELS, WORK_CAPACITY, measures

Kind = Literal["text", "number", "integer", "truth", "date", "month", "code"]


@dataclass(frozen=True)
class Column:
    """A column: its type, whether it must be there, whether a row may leave it empty, its codes or its bounds."""

    name: str
    kind: Kind = "text"
    required: bool = True
    may_be_empty: bool = False
    codes: Collection[str] = ()
    bounds: tuple[float, float] = (float("-inf"), float("inf"))


@dataclass(frozen=True)
class Register:
    """A register's columns. `of_persons`: rows belong to participants; `once`: columns that name a row only once."""

    columns: tuple[Column, ...]
    of_persons: bool = True
    once: tuple[str, ...] = ()
    further: bool = False  # columns of the plan beyond the named ones are kept

    @property
    def is_spells(self) -> bool:
        return {"start", "end"} <= {column.name for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


NUMBER: Final = Column("participant_number")
SPELL: Final = (Column("start", "date"), Column("end", "date", may_be_empty=True))


def _extra(name: str, kind: Kind = "text", codes: Collection[str] = (), **bounds: tuple[float, float]) -> Column:
    return Column(name, kind, required=False, may_be_empty=True, codes=codes, **bounds)


REGISTERS: Final = MappingProxyType(
    {
        "participants": Register(
            (
                NUMBER,
                _extra("office"),
                _extra("arm"),
                _extra("start_date", "date"),
                _extra("sex", "code", ("man", "woman")),
                _extra("birth_year", "integer", bounds=(1900, 2100)),
                _extra("country_group", "code", tuple("01234")),
                _extra("education_level", "code", tuple(map(str, NUS_LEVELS))),
                _extra("married", "truth"),
                _extra("has_children", "truth"),
                _extra("municipality"),
                _extra("aap_diagnosis"),
            ),
            once=("participant_number",),
            further=True,
        ),
        "employment": Register(
            (
                NUMBER,
                *SPELL,
                Column("full_time_hours", "number", bounds=(0, 168)),
                Column("position_percent", "number", bounds=(0, 200)),
                _extra("employer"),
                _extra("kind"),
            )
        ),
        "benefits": Register(
            (
                NUMBER,
                Column("benefit", "code", codes=tuple(BENEFITS)),
                *SPELL,
                _extra("degree", "number", bounds=(0, 100)),
            )
        ),
        "measures": Register((NUMBER, Column("measure", "code", codes=tuple(measures())), *SPELL)),
        "education": Register((NUMBER, Column("nus_level", "code", codes=tuple(map(str, NUS_LEVELS))), *SPELL)),
        "work_capacity": Register((NUMBER, Column("group", "code", codes=tuple(WORK_CAPACITY)), *SPELL)),
        "income": Register(
            (NUMBER, Column("month", "month"), Column("amount", "number")), once=("participant_number", "month")
        ),
        "unemployment": Register(
            (Column("municipality"), Column("month", "month"), Column("rate", "number", bounds=(0, 100))),
            of_persons=False,
            once=("municipality", "month"),
        ),
        "survey": Register(
            (
                NUMBER,
                Column("wave", "code", codes=("T1", "T2", "T3", "T4")),
                Column("instrument"),
                Column("item"),
                Column("value", may_be_empty=True),
            ),
            once=("participant_number", "wave", "instrument", "item"),
        ),
    }
)
"""Register -> its columns. A national id has no place in any of them."""

SYNONYMS: Final = MappingProxyType(
    {
        "participant_number": ("deltakernummer", "deltakernr", "lopenr", "løpenr", "lnr", "id", "nummer"),
        "start": ("startdato", "fra", "fra_dato", "fradato", "fom", "dato_fra", "start_dato", "fom_dato"),
        "end": ("sluttdato", "til", "til_dato", "tildato", "tom", "dato_til", "slutt_dato", "stoppdato", "tom_dato"),
        "full_time_hours": ("antalltimerperuke", "antalltimerpruke", "timer_full_stilling", "avtaltarbeidstimerperuke"),
        "position_percent": ("stillingsprosent", "stillingspst", "stilling_pst", "avtaltstillingsprosent"),
        "employer": ("arbeidsgiver", "virksomhet", "orgnr", "organisasjonsnummer"),
        "kind": ("arbeidsforholdtype", "type"),
        "benefit": ("ytelse", "ytelsestype", "stonad", "stønad"),
        "degree": ("grad", "uforegrad", "uføregrad"),
        "measure": ("tiltak", "tiltakskode", "tiltakstype"),
        "nus_level": ("nus", "nus_niva", "nus_nivå", "niva", "nivå", "utdanningsniva"),
        "group": ("innsatsgruppe", "servicegruppe", "kvalifiseringsgruppe"),
        "month": ("maned", "måned", "mnd", "periode"),
        "amount": ("belop", "beløp", "inntekt", "lonn", "lønn"),
        "municipality": ("kommune", "kommunenr", "kommunenummer"),
        "rate": ("andel", "prosent", "ledighet"),
        "wave": ("runde", "bolge", "bølge", "tidspunkt"),
        "instrument": ("skjema", "skala"),
        "item": ("sporsmal", "spørsmål", "ledd"),
        "value": ("verdi", "svar"),
        "sex": ("kjonn", "kjønn"),
        "birth_year": ("fodselsaar", "fødselsår", "fodt_aar"),
    }
)
"""What register owners call the columns, in lower case: suggestions, which somebody confirms."""


def suggested_columns(register: str, header: Collection[str]) -> dict[str, str]:
    """Column of the register -> column of the file, where the names tell it."""
    found: dict[str, str] = {}
    for column in REGISTERS[register].columns:
        names = (column.name, *SYNONYMS.get(column.name, ()))
        there = next((name for name in names if name in header and name not in found.values()), None)
        if there:
            found[column.name] = there
    return found
