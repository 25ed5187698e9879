"""Row-level security: each office its own people, the trial plane numbers and no free text, research nothing."""

from datetime import date

import pytest
from django.db import ProgrammingError, transaction
from django.db.models import Model

from tests.cast import Cast, acting
from tests.followup.people import assigned, employer
from trial.access.planes import maintenance
from trial.followup.actions import (
    log_contact,
    log_enquiry,
    mark_principles,
    record_absence,
    record_deviation,
    record_job,
    record_measure,
    record_review,
)
from trial.followup.models import (
    Absence,
    Assignment,
    CaseSummary,
    Contact,
    Deviation,
    Employer,
    EmploymentSpecialist,
    Enquiry,
    FidelityReview,
    Job,
    Measure,
    PrincipleMark,
    StageSpell,
)
from trial.followup.scales import SE_15

TABLES = (
    Absence,
    Assignment,
    CaseSummary,
    Contact,
    Deviation,
    Employer,
    EmploymentSpecialist,
    Enquiry,
    FidelityReview,
    Job,
    Measure,
    PrincipleMark,
    StageSpell,
)


@pytest.fixture
def with_rows(cast: Cast) -> Cast:
    """A row in every table of the room, all of Moss."""
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        post = participant.assignments.select_related("specialist__office__trial").get().specialist
        log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=30, note="Vil jobbe ute")
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=participant.enrolled_at.date())
        record_deviation(by=cast.jon, participant=participant, kind="other", reason="Prøve")
        mark_principles(by=cast.jon, participant=participant, principles=["rapid"])
        log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="match", note="Ring tirsdag")
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=20, permanent=True,
            found="network", start=participant.enrolled_at.date(),
        )  # fmt: skip
        record_absence(by=cast.jon, specialist=post, start=participant.enrolled_at.date(), end=date(2026, 3, 9))
    with acting(cast.siri):
        record_review(
            by=cast.siri, office=cast.moss, scale="se15", day=participant.enrolled_at.date(),
            scores={item.code: 4 for item in SE_15.items}, reviewers="To fra fylket",
        )  # fmt: skip
    return cast


@pytest.mark.parametrize("model", TABLES)
def test_an_office_sees_its_own_rows_and_no_others(with_rows: Cast, model: type[Model]) -> None:
    with acting(with_rows.kari):
        assert model.objects.count() == 1
    with acting(with_rows.hanne):
        assert model.objects.count() == 0


@pytest.mark.parametrize("model", TABLES)
def test_without_a_plane_there_are_no_rows(with_rows: Cast, model: type[Model]) -> None:
    assert model.objects.count() == 0
    with maintenance():
        assert model.objects.count() == 1


@pytest.mark.parametrize("model", TABLES)
def test_research_may_not_even_ask(with_rows: Cast, model: type[Model]) -> None:
    with acting(with_rows.analyst), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        model.objects.count()


def test_the_coordinator_counts_contacts_but_never_reads_a_note(with_rows: Cast) -> None:
    with acting(with_rows.coordinator):
        assert Contact.objects.values_list("minutes", flat=True).get() == 30
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Contact.objects.values_list("note", flat=True).get()


@pytest.mark.parametrize("model", [Contact, Deviation])
def test_what_is_logged_is_never_changed(with_rows: Cast, model: type[Model]) -> None:
    with acting(with_rows.kari), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        model.objects.all()._update([(model._meta.get_field("day"), None, "2020-01-01")])


def test_the_coordinator_counts_enquiries_and_reads_neither_their_notes_nor_principles(with_rows: Cast) -> None:
    with acting(with_rows.coordinator):
        assert Enquiry.objects.values_list("outcome", flat=True).get() == "match"
        for rows in (Enquiry.objects.values_list("note"), PrincipleMark.objects.values_list("principle")):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                rows.get()
