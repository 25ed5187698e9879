"""Whoever moves to another office brings jobs, enquiries and contacts along, with the employers that they name."""

from datetime import date
from importlib import import_module

from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting
from tests.followup.people import assigned, employer
from trial.access.planes import entered, maintenance
from trial.access.roles import Role
from trial.allocation.queries import DRAW
from trial.enrolment.models import Participant
from trial.followup.actions import add_employer, change_job, end_assignment, log_contact, log_enquiry, record_job
from trial.followup.extracts import follow_up
from trial.followup.models import Employer, Job
from trial.studies.actions import add_member

TODAY = date(2026, 3, 2)


def moved(cast: Cast) -> Participant:
    """Someone with a job found at Moss, who has moved to Hurum."""
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        log_enquiry(by=cast.jon, employer=known, participant=participant, outcome="match", note="Vil ha flere")
        log_contact(by=cast.jon, participant=participant, kind="workplace", minutes=30, employer=known)
        record_job(
            by=cast.jon, participant=participant, employer=known, kind="ordinary", hours=20, permanent=True,
            found="specialist", start=TODAY,
        )  # fmt: skip
    with acting(cast.siri):
        end_assignment(by=cast.siri, participant=participant, reason="Flytter")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=cast.hanne, role=Role.SUPERVISOR, office=cast.hurum)
    with entered(DRAW), connection.cursor() as cursor:
        cursor.execute("SELECT allocation_move_person(%s, %s)", [participant.pk, cast.hurum.pk])
    return participant


def test_the_new_office_sees_the_jobs_and_ends_them(cast: Cast) -> None:
    participant, client = moved(cast), Client()
    client.force_login(cast.hanne)
    page = client.get(reverse("followup:follow_up", args=[cast.trial.code, participant.number])).content.decode()
    assert "Moss Bakeri" in page
    assert "På arbeidsplassen" in page
    history = client.get(reverse("followup:history", args=[cast.trial.code, participant.number])).content.decode()
    assert "Vil ha flere" in history
    with acting(cast.hanne):
        job = Job.objects.select_related("employer", "participant__trial", "participant__office").get()
        change_job(by=cast.hanne, job=job, hours=20, permanent=True, end=TODAY, end_reason="other")
    with maintenance():
        assert list(Employer.objects.values_list("office__stratum", "organisation_number").order_by("pk")) == [
            ("Moss", "889640782"), ("Hurum", "889640782"),
        ]  # fmt: skip


def test_the_persons_extract_has_them_too(cast: Cast) -> None:
    participant = moved(cast)
    with acting(cast.hanne):
        found = {
            str(section.heading): section.table for section in follow_up(Participant.objects.get(pk=participant.pk))
        }
    assert {"Jobber", "Arbeidsgivere som er spurt", "Kontakter"} <= set(found)
    assert [(row[0], row[-1]) for row in found["Jobbspesialister"]] == [("Jon Jobbspesialist", "Flytter")]


def test_an_office_reads_no_assignments_of_people_it_does_not_have(cast: Cast) -> None:
    participant = assigned(cast)
    elsewhere = "SELECT count(*) FROM followup_assignments_elsewhere(%s)"
    with acting(cast.hanne), connection.cursor() as cursor:
        cursor.execute(elsewhere, [participant.pk])
        assert cursor.fetchone() == (0,)
    with acting(cast.jon), connection.cursor() as cursor:
        cursor.execute(elsewhere, [participant.pk])
        assert cursor.fetchone() == (0,)  # its own are in the table itself


def test_an_employer_whom_the_new_office_knows_is_that_one(cast: Cast) -> None:
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=cast.outsider, role=Role.SPECIALIST, office=cast.hurum)
    with acting(cast.outsider):
        ours = add_employer(by=cast.outsider, office=cast.hurum, organisation_number="889640782", name="Bakeriet")
    moved(cast)
    with maintenance():
        assert Job.objects.get().employer == ours
        assert Employer.objects.count() == 2


def test_whoever_moved_before_is_helped_by_the_migration(cast: Cast) -> None:
    migration = import_module("trial.followup.migrations.0008_employers_move_along")
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP FUNCTION followup_carry_employer() CASCADE")
    participant = moved(cast)
    with maintenance():
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert Job.objects.get().employer.office == cast.moss
        migration.carry_employers(None, connection.schema_editor())
    with acting(cast.hanne):
        for rows in (participant.jobs, participant.enquiries, participant.contacts):
            row = rows.select_related("employer").get()
            assert (row.office_id, row.employer.office_id) == (cast.hurum.pk, cast.hurum.pk)
