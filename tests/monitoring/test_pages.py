"""The coordinator's pages: what each shows to whom, how often it asks, what can be taken home."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.cast import acting
from tests.factories import consented
from tests.followup.people import drawn
from tests.surveys.asked import GIVEN, asking, code_for, holding, invited
from trial.access import planes
from trial.allocation.queries import DRAW
from trial.audit.models import AuditEvent
from trial.enrolment import documents
from trial.enrolment.models import Participant
from trial.monitoring.presentation import TABLES
from trial.studies.actions import close_recruitment
from trial.surveys.actions import submit

pytestmark = pytest.mark.slow
MOST_QUERIES = 12
AROUND = 3  # the test's own transaction: a savepoint, its release, the way back to the plane before
PAGES = ("dashboard", "flow", "groups", "data", "reports")
ARM_NAMES = ("Intervensjonsgruppe", "Kontrollgruppe")


@pytest.fixture
def lived(cast, simulated_clock):
    """Two arms, questionnaires answered by some, and time that has gone."""
    asking(cast)
    with_answers = [invited(cast) for _each in range(3)]
    for invitation in with_answers[:2]:
        with holding(code_for(cast, invitation)):
            submit(by=None, invitation=invitation, answers=GIVEN)
    drawn(cast, "control")
    consented(cast)
    simulated_clock.advance(timedelta(days=50))
    return cast


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(name, *args):
    return reverse(f"monitoring:{name}", args=["se-klar", *args])


@pytest.mark.parametrize("name", PAGES)
def test_every_page_asks_the_database_seldom(lived, name, django_assert_max_num_queries):
    client = signed_in(lived.coordinator)
    client.get(at(name))
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        assert client.get(at(name)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("user", ["lead", "auditor"])
def test_blinded_readers_see_no_arm_on_any_page(lived, name, user):
    page = signed_in(getattr(lived, user)).get(at(name)).content.decode()
    assert not any(arm in page for arm in ARM_NAMES)
    assert "board-unblinded" not in page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("user", "status"), [("kari", 403), ("analyst", 403), ("outsider", 404)])
def test_the_pages_are_for_those_with_the_right(lived, name, user, status):
    assert signed_in(getattr(lived, user)).get(at(name)).status_code == status


def test_recruitment_has_a_forecast_with_its_band(lived):
    page = signed_in(lived.coordinator).get(at("dashboard")).content.decode()
    assert "Prognose" in page
    assert "Med farten de siste månedene nås 268 deltakere" in page


def test_a_closed_recruitment_is_not_forecast(lived):
    with acting(lived.lead):
        close_recruitment(by=lived.lead, trial=lived.trial)
    assert "Med farten" not in signed_in(lived.coordinator).get(at("dashboard")).content.decode()


def test_the_arms_are_compared_at_the_start_without_an_outcome(lived):
    page = signed_in(lived.coordinator).get(at("groups")).content.decode()
    assert "Nav Moss" in page
    assert "Arbeidsevne (spørreskjema, gjennomsnitt)" in page
    assert "7,0 (n = 2)" in page


def test_whoever_moved_is_compared_at_the_office_of_the_draw(lived):
    before = download(lived.coordinator, "balance")
    with planes.entered(DRAW), connection.cursor() as cursor:
        person = Participant.objects.filter(allocation__arm__isnull=False).values_list("pk", flat=True).first()
        cursor.execute("SELECT allocation_move_person(%s, %s)", [person, lived.hurum.pk])
    assert download(lived.coordinator, "balance") == before
    assert download(lived.coordinator, "offices")[1][:2] == ["Nav Hurum", "1"], "control: the person has moved"


def test_responses_are_shown_by_wave_and_arm_to_those_who_see_arms(lived):
    table = download(lived.coordinator, "responses")
    assert table[0] == ["Runde", "Gruppe", "Åpnet for", "Har svart", "Av dem på papir", "Svarprosent"]
    assert table[1] == ["T1", "Intervensjonsgruppe", "3", "2", "0", "67 %"]
    assert download(lived.lead, "responses")[1] == ["T1", "<5", "<5", "0", "–"]


def download(user, name):
    answer = signed_in(user).get(at("table_csv", name))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith("\ufeff")  # without it, spreadsheets misread æ, ø and å
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_taken_home(lived, name):
    head, *rows = download(lived.coordinator, name)
    assert rows
    assert all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("name", ["balance", "measures"])
def test_numbers_by_arm_cannot_be_taken_home_by_blinded_readers(lived, name):
    assert signed_in(lived.lead).get(at("table_csv", name)).status_code == 404


@pytest.fixture
def printed(monkeypatch):
    """The documents that are printed, as data."""
    made = []
    real = documents.pdf_of
    monkeypatch.setattr(documents, "pdf_of", lambda document: made.append(document) or real(document))
    return made


@pytest.mark.parametrize("kind", ["status", "board-blinded"])
def test_a_blinded_report_names_no_arm_whoever_prints_it(lived, printed, kind):
    answer = signed_in(lived.coordinator).get(at("report_pdf", kind))
    assert answer.content.startswith(b"%PDF")
    assert not any(arm in str(printed[0]) for arm in ARM_NAMES)
    assert printed[0].sections[0].figure.startswith("<svg")


def test_who_prints_small_numbers_is_told_whom_they_are_for(lived):
    told = {
        name: signed_in(getattr(lived, name)).get(at("reports")).content.decode() for name in ("coordinator", "lead")
    }
    assert "Små tall er ikke skjult" in told["coordinator"]
    assert "Kan deles med alle som styrer forsøket" not in told["coordinator"]
    assert "Kan deles med alle som styrer forsøket" in told["lead"]


def test_the_unblinded_report_has_numbers_by_arm_and_leaves_a_trace(lived, printed):
    answer = signed_in(lived.coordinator).get(at("report_pdf", "board-unblinded"))
    assert answer.content.startswith(b"%PDF")
    assert all(arm in str(printed[0]) for arm in ARM_NAMES)
    with acting(lived.auditor):
        event = AuditEvent.objects.filter(verb="report_made").get()
    assert (event.actor, event.details) == (lived.coordinator.username, {"kind": "board-unblinded"})
    listed = signed_in(lived.auditor).get(at("reports")).content.decode()
    assert "Rapport til overvåkingskomiteen, åpen for grupper" in listed


def test_a_report_late_in_a_long_trial_has_the_last_months_of_every_table(lived, printed, simulated_clock):
    simulated_clock.advance(timedelta(days=3 * 365))
    signed_in(lived.coordinator).get(at("report_pdf", "board-unblinded"))
    tables = {section.heading: section.table for section in printed[0].sections}
    recruited, measures = tables["Rekruttering mot plan"], tables["Deltakere i tiltak"]
    assert len(measures) == 12 * len(ARM_NAMES)
    assert measures[-1][0] in {row[0] for row in recruited}


def test_the_unblinded_report_is_not_for_blinded_readers(lived):
    answer = signed_in(lived.lead).get(at("report_pdf", "board-unblinded"))
    assert answer.status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_groups_have_their_english_names_on_english_pages(lived, name):
    client = signed_in(lived.coordinator)
    client.cookies["language"] = "en"
    page = client.get(at(name)).content.decode()
    assert not any(norwegian in page for norwegian in ARM_NAMES)
    assert ("Intervention group" in page) == (name in {"flow", "groups", "data"})


def test_reports_are_in_english_too(lived, printed):
    client = signed_in(lived.lead)
    client.cookies["language"] = "en"
    client.get(at("report_pdf", "status"))
    assert printed[0].title == "Status of the trial"
    assert printed[0].language == "en"
