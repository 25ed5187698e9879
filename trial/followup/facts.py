"""What a contact, a measure or a job says, and what must hold of it: written anew, or in the place of another row.

Each kind of facts can `check` itself for a participant (called inside actions only), gives the `columns` of its row,
and is `told` to the log as codes, numbers and dates, never as text that somebody wrote.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self

from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.access.free_text import refuse_national_id
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup import policies, steps
from trial.followup.models import Contact, ContactKind, Counterpart, Employer, Job, JobEnd, JobFound, JobKind, Measure
from trial.followup.sentences import obey


class Facts(Protocol):
    """What the three kinds have in common. `but`: the row whose place the facts are to take."""

    @classmethod
    def of(cls, row: Any) -> Self: ...

    def check(self, participant: Participant, but: Any = None) -> None: ...

    def columns(self) -> dict[str, Any]: ...

    def told(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ContactFacts:
    kind: str
    counterpart: str
    employer: Employer | None
    day: date
    minutes: int
    note: str

    @classmethod
    def of(cls, row: Contact) -> Self:
        return cls(row.kind, row.counterpart, row.employer, row.day, row.minutes, row.note)

    def check(self, participant: Participant, but: Contact | None = None) -> None:
        refuse_national_id(note=self.note)
        steps.one_of(ContactKind, self.kind, "kind")
        steps.one_of(Counterpart, self.counterpart, "counterpart")
        steps.at_office(participant, self.employer)
        obey(policies.decide_day(self.day, clock.today()), field="day")
        obey(policies.decide_minutes(self.minutes))

    def columns(self) -> dict[str, Any]:
        return vars(self)

    def told(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "counterpart": str(self.counterpart),
            "employer": self.employer.pk if self.employer else None,
            "day": self.day.isoformat(),
            "minutes": self.minutes,
        }


@dataclass(frozen=True)
class MeasureFacts:
    code: str
    start: date
    end: date | None
    provider: str

    @classmethod
    def of(cls, row: Measure) -> Self:
        return cls(row.code, row.start, row.end, row.provider)

    def check(self, participant: Participant, but: Measure | None = None) -> None:
        refuse_national_id(provider=self.provider)
        obey(policies.decide_spell(start=self.start, end=self.end, today=clock.today()))
        obey(policies.decide_code(measures().get(self.code), self.start))
        keep_clear(participant, self.code, self.group, (self.start, self.end), but=but)

    @property
    def group(self) -> str:
        return measures()[self.code].group

    def columns(self) -> dict[str, Any]:
        return vars(self) | {"group": self.group}

    def told(self) -> dict[str, Any]:
        return {"code": self.code, **_told_days(self.start, self.end)}


def keep_clear(
    participant: Participant,
    code: str,
    group: str,
    spell: policies.Spell,
    *,
    but: Measure | None = None,
    field: str = "start",
) -> None:
    """Refuse days that the person has in the same measure already, or in another where only one goes at a time."""
    others = participant.measures.exclude(pk=but.pk) if but else participant.measures.all()
    earlier = list(others.values_list("code", "group", "start", "end"))
    same = [(begun, over) for known, _group, begun, over in earlier if known == code]
    grouped = [(known, (begun, over)) for _code, known, begun, over in earlier]
    obey(policies.decide_overlap(spell, same), field=field)
    obey(policies.decide_group(group, spell, grouped), field=field)


@dataclass(frozen=True)
class JobFacts:
    """`hours` a week, to a tenth."""

    employer: Employer
    kind: str
    hours: float
    permanent: bool
    found: str
    developed: bool
    start: date
    end: date | None
    end_reason: str

    @classmethod
    def of(cls, row: Job) -> Self:
        return cls(
            row.employer, row.kind, row.hours, row.permanent, row.found, row.developed, row.start, row.end,
            row.end_reason,
        )  # fmt: skip

    def check(self, participant: Participant, but: Job | None = None) -> None:
        steps.at_office(participant, self.employer)
        for choices, value, field in ((JobKind, self.kind, "kind"), (JobFound, self.found, "found")):
            steps.one_of(choices, value, field)
        if self.end_reason:
            steps.one_of(JobEnd, self.end_reason, "end_reason")
        verdict = policies.decide_job(
            hours=self.hours, start=self.start, end=self.end, reason=self.end_reason, today=clock.today()
        )
        obey(verdict, field="end" if verdict == policies.Verdict.IN_FUTURE and self.end else None)
        self._keep_clear(participant, but)

    def _keep_clear(self, participant: Participant, but: Job | None) -> None:
        """A person has one job at an employer at a time; jobs at several employers may go on together."""
        others = participant.jobs.filter(employer=self.employer)
        if but:
            others = others.exclude(pk=but.pk)
        if policies.decide_overlap((self.start, self.end), others.values_list("start", "end")).is_refusal:
            raise Refusal(
                "job_overlaps", _("Deltakeren har allerede en jobb hos arbeidsgiveren i perioden."), field="start"
            )

    @property
    def tenths_of_hours(self) -> int:
        return round(self.hours * 10)

    def columns(self) -> dict[str, Any]:
        columns = vars(self) | {"tenths_of_hours": self.tenths_of_hours}
        return {name: value for name, value in columns.items() if name != "hours"}

    def told(self) -> dict[str, Any]:
        return {
            "employer": self.employer.pk,
            "kind": str(self.kind),
            "tenths_of_hours": self.tenths_of_hours,
            "permanent": self.permanent,
            "found": str(self.found),
            "developed": self.developed,
            "end_reason": str(self.end_reason),
            **_told_days(self.start, self.end),
        }


def differences(before: Facts, after: Facts) -> dict[str, list[Any]]:
    """Name -> what it was and what it is, of what differs and may stand in the log."""
    then, now = before.told(), after.told()
    return {name: [then[name], now[name]] for name in now if then[name] != now[name]}


def _told_days(start: date, end: date | None) -> dict[str, Any]:
    return {"start": start.isoformat(), "end": end.isoformat() if end else None}
