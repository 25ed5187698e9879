"""What can be corrected, and what no longer stands: who took it back, when and why."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ExpressionWrapper, F, PositiveSmallIntegerField, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.enrolment.models import Participant
from trial.followup.models import (
    Contact,
    ContactKind,
    Deviation,
    DeviationKind,
    Enquiry,
    Job,
    JobKind,
    Measure,
    Outcome,
    Retractable,
    Retraction,
)
from trial.studies.models import Trial
from trial.studies.permissions import can

CORRECTABLE: dict[str, Any] = {"contact": Contact, "measure": Measure, "job": Job, "enquiry": Enquiry}


@dataclass(frozen=True)
class Told:
    """How the history tells of a kind of row: its name, and the columns of its day, of what it says in codes (with
    the words for them), of an amount with the sentence for it, and of what somebody wrote."""

    name: Any
    day: str
    says: str
    words: dict[str, Any]
    text: str = ""
    amount: str = ""
    in_words: Any = ""


TOLD: dict[type[Retractable], Told] = {
    Contact: Told(_("Kontakt"), "day", "kind", dict(ContactKind.choices), "note", "minutes", _("%(amount)s minutter")),
    Measure: Told(_("Tiltak"), "start", "code", {code: known.name for code, known in measures().items()}, "provider"),
    Job: Told(
        _("Jobb"),
        "start",
        "kind",
        dict(JobKind.choices),
        "employer__name",
        "tenths_of_hours",
        _("%(tenth)s timer i uken"),
    ),
    Enquiry: Told(_("Henvendelse"), "day", "outcome", dict(Outcome.choices), "note"),
    Deviation: Told(_("Avvik"), "day", "kind", dict(DeviationKind.choices), "reason"),
}


def row_for(user: User, trial: Trial, kind: str, key: Any) -> Any:
    """A row of one of the kinds, whether it stands or not, at an office where the user follows people up; others get
    `not_found`."""
    model = CORRECTABLE[kind]
    related = ["trial", "office__nav_office", "participant__trial", "participant__office"]
    if model is not Measure:
        related.append("employer")
    row = model.ever.select_related(*related).filter(trial=trial, **_by_key(model, key)).first()
    if row is None or not can(user, trial, Permission.FOLLOW_UP, row.office):
        raise not_found(_("Fant ikke det som skulle rettes."))
    return row


def _by_key(model: type[Retractable], key: Any) -> dict[str, Any]:
    """The condition for a key as an address gives it; a key of the wrong form is nobody's."""
    try:
        return {"pk": model._meta.pk.to_python(key)}
    except ValidationError:
        return {"pk__in": []}


@dataclass(frozen=True)
class TakenBack:
    """Something about a person that does not stand any more. `replaced`: something right stands in its place."""

    what: Any
    day: date
    said: Any
    at: datetime
    by: str
    why: Any
    replaced: bool


def taken_back_of(participant: Participant) -> list[TakenBack]:
    """What was written about a participant and does not stand any more, the latest first; in one query."""
    first, *others = (_rows(participant, model, told) for model, told in TOLD.items())
    return [_taken_back(row) for row in first.union(*others, all=True).order_by("-retracted_at")]


def _rows(participant: Participant, model: Any, told: Told) -> QuerySet[Any]:
    name = Coalesce(NullIf("retracted_by__display_name", Value("")), "retracted_by__username")
    corrected = ExpressionWrapper(Q(replacement__isnull=False), BooleanField())
    replaced = corrected if hasattr(model, "replacement") else Value(False)
    return (
        model.ever.filter(participant=participant, retracted_at__isnull=False)
        .order_by()
        .annotate(
            model=Value(model._meta.model_name),
            on=F(told.day),
            said=F(told.says),
            amount=F(told.amount) if told.amount else Value(None, output_field=PositiveSmallIntegerField()),
            text=F(told.text),
            by=name,
            replaced=replaced,
        )
        .values("model", "on", "said", "amount", "text", "retracted_at", "by", "retraction", "replaced")
    )


def _taken_back(row: dict[str, Any]) -> TakenBack:
    told = next(told for model, told in TOLD.items() if model._meta.model_name == row["model"])
    return TakenBack(
        what=told.name,
        day=row["on"],
        said=_said(told, row),
        at=row["retracted_at"],
        by=row["by"],
        why=Retraction(row["retraction"]).label,
        replaced=row["replaced"],
    )


def _said(told: Told, row: dict[str, Any]) -> str:
    """What the row said: its code in words, its amount, and what somebody wrote."""
    parts = [str(told.words.get(row["said"], row["said"]))]
    if row["amount"] is not None:
        parts.append(told.in_words % {"amount": row["amount"], "tenth": number_format(row["amount"] / 10)})
    return ", ".join([*parts, *filter(None, [row["text"]])])
