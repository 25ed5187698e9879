"""The pages and the API of corrections: what stands is filled in, what stood is told, each sentence at its field."""

import json
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, employer
from tests.followup.test_corrections import BEFORE, HIRED, SAID, TODAY, contact_of, measure_of
from tests.followup.test_pages import AROUND, DISPLAY, MOST_QUERIES, address, signed_in
from trial.access.planes import maintenance
from trial.followup.actions import log_enquiry, record_deviation, record_job, take_back
from trial.followup.models import Contact, Deviation, Job, Measure

API = "/api/v1/trials/se-klar"
SENT = {"kind": "phone", "counterpart": "participant", "minutes": "20", "day": "02.03.2026", "note": "Ringte"}


def test_a_contact_is_corrected_on_its_page_and_the_history_tells(cast: Cast) -> None:
    participant = assigned(cast)
    contact = contact_of(cast, participant)
    client, page = signed_in(cast.jon), address("correct", cast, "contact", contact.pk)
    assert page in client.get(address("follow_up", cast, participant.number)).content.decode()
    assert client.get(page).context["form"].initial["minutes"] == 300
    wrong = client.post(page, SENT | {"key": uuid4(), "minutes": "0", "reason": "mistyped"})
    assert list(wrong.context["form"].errors) == ["minutes"]
    answer = client.post(page, SENT | {"key": uuid4(), "reason": "mistyped"})
    assert answer["Location"] == address("follow_up", cast, participant.number)
    history = client.get(address("history", cast, participant.number), headers={"HX-Request": "true"}).content.decode()
    assert "Rettet: Skrevet feil" in history
    assert "Møte, 300 minutter, Vil jobbe ute" in history
    with maintenance():
        assert Contact.objects.get().minutes == 20


def test_what_should_not_have_been_written_is_taken_back_on_the_page(cast: Cast) -> None:
    participant = assigned(cast)
    measure = measure_of(cast, participant)
    client = signed_in(cast.jon)
    back = address("take_back", cast, "measure", measure.pk)
    assert list(client.post(back, {}).context["taking_back"].errors) == ["reason"]
    assert client.post(back, {"reason": "other_person"}).status_code == 302
    with maintenance():
        assert not Measure.objects.exists()
    again = client.get(address("correct", cast, "measure", measure.pk)).content.decode()
    assert "Dette er allerede rettet eller tatt tilbake" in again
    assert "Gjelder en annen deltaker" in again


def test_the_form_of_another_tab_is_told_that_it_came_too_late(cast: Cast) -> None:
    contact = contact_of(cast, assigned(cast))
    page = address("correct", cast, "contact", contact.pk)
    assert signed_in(cast.siri).post(page, SENT | {"key": uuid4(), "reason": "mistyped"}).status_code == 302
    late = signed_in(cast.jon).post(page, SENT | {"minutes": "55", "key": uuid4(), "reason": "mistyped"})
    assert "Siri Metodeveileder gjorde det" in late.content.decode()
    with maintenance():
        assert Contact.objects.get().minutes == 20


def test_a_double_click_on_a_correction_ends_as_one_click_does(cast: Cast) -> None:
    contact = contact_of(cast, assigned(cast))
    page, client = address("correct", cast, "contact", contact.pk), signed_in(cast.jon)
    sent = SENT | {"key": uuid4(), "reason": "mistyped"}
    assert [client.post(page, sent).status_code for _click in range(2)] == [302, 302]
    with maintenance():
        assert Contact.objects.count() == 1


def test_a_job_that_was_changed_meanwhile_is_not_overwritten(cast: Cast) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        job = record_job(by=cast.jon, participant=participant, employer=known, **HIRED)
    client = signed_in(cast.jon)
    sent = {
        "employer": known.pk, "kind": "ordinary", "hours": "20", "permanent": "1", "start": "02.02.2026",
        "found": "network", "end": "", "end_reason": "", "reason": "mistyped", "version": "1",
    }  # fmt: skip
    changed = {"hours": "30", "permanent": "1", "end": "", "end_reason": "", "version": "1"}
    assert client.post(address("job", cast, job.pk), changed).status_code == 302
    page = address("correct", cast, "job", job.pk)
    late = client.post(page, sent)
    assert "Noen andre har endret dette" in late.content.decode()
    assert client.post(page, sent | {"hours": "30", "version": "2"}).status_code == 302
    with maintenance():
        assert (Job.objects.get().start, Job.objects.get().hours) == (BEFORE, 30)


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_kind_has_its_page_in_both_languages(cast: Cast, language: str) -> None:
    participant, known = assigned(cast), employer(cast)
    with acting(cast.jon):
        job = record_job(by=cast.jon, participant=participant, employer=known, **HIRED)
        asked = log_enquiry(by=cast.jon, employer=known, outcome="declined")
    client = signed_in(cast.jon)
    client.cookies["language"] = language
    kinds = {"contact": contact_of(cast, participant), "measure": measure_of(cast, participant), "job": job}
    for kind, row in (kinds | {"enquiry": asked}).items():
        page = client.get(address("correct", cast, kind, row.pk)).content.decode()
        assert ("Take back" if language == "en" else "Ta tilbake") in page, kind
    assert "Rett" not in client.get(address("correct", cast, "contact", kinds["contact"].pk)).content.decode().split(
        "<main"
    )[1] or language == "nb"  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "key"), [("contact", str(UUID(int=0))), ("contact", "nonsense"), ("measure", "0"), ("job", "x" * 40)]
)
def test_what_is_not_there_is_not_found(cast: Cast, kind: str, key: str) -> None:
    assert signed_in(cast.jon).get(address("correct", cast, kind, key)).status_code == 404


def test_another_office_finds_nothing_and_a_caseworker_may_not(cast: Cast) -> None:
    page = address("correct", cast, "contact", contact_of(cast, assigned(cast)).pk)
    assert [signed_in(user).get(page).status_code for user in (cast.outsider, cast.hanne, cast.kari)] == [404, 403, 403]


def test_the_pages_ask_the_database_seldom(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    participant = assigned(cast)
    contact = contact_of(cast, participant)
    for number in range(3):
        row = contact_of(cast, participant, minutes=number + 1)
        with acting(cast.jon):
            take_back(by=cast.jon, row=row, reason="twice")
    client = signed_in(cast.jon)
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        client.get(address("correct", cast, "contact", contact.pk))
    with django_assert_max_num_queries(MOST_QUERIES + AROUND + DISPLAY):
        assert client.get(address("history", cast, participant.number)).content.decode().count("Tatt tilbake") == 3


def _post(client: Client, path: str, body: dict[str, object]) -> HttpResponse:
    return client.post(f"{API}/{path}", body, content_type="application/json")


def test_the_api_corrects_and_takes_back(cast: Cast) -> None:
    participant = assigned(cast)
    contact, measure = contact_of(cast, participant), measure_of(cast, participant)
    client = signed_in(cast.jon)
    right = _post(client, f"contacts/{contact.pk}/correction/", SAID | {"day": "2026-03-02", "minutes": 15})
    assert (right.status_code, right.json()["minutes"], right.json()["participant"]) == (201, 15, participant.number)
    coded = _post(client, f"measures/{measure.pk}/correction/", {"code": "MENTOR", "start": "2026-03-02"})
    assert (coded.status_code, coded.json()["code"]) == (201, "MENTOR")
    gone = _post(client, f"contacts/{right.json()['key']}/retraction/", {"reason": "twice"})
    assert (gone.status_code, gone.json()["reason"]) == (200, "twice")
    assert client.get(f"{API}/contacts/").json()["results"] == []
    (listed,) = client.get(f"{API}/measures/").json()["results"]
    assert (listed["key"], listed["code"]) == (coded.json()["key"], "MENTOR")


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("correction", SAID | {"day": "2026-03-02", "minutes": 0}, "minutes_out_of_range", "minutes"),
        ("correction", {"minutes": 20}, "invalid", "kind"),
        ("retraction", {"reason": "groundless"}, "invalid", "reason"),
        ("retraction", {}, "invalid", "reason"),
    ],
)
def test_the_api_says_what_is_wrong_at_its_field(
    cast: Cast, path: str, body: dict[str, object], code: str, field: str
) -> None:
    contact = contact_of(cast, assigned(cast))
    answer = _post(signed_in(cast.jon), f"contacts/{contact.pk}/{path}/", body)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == (code, field)


def test_the_api_tells_who_comes_second_and_hides_what_is_not_ones_own(cast: Cast) -> None:
    contact = contact_of(cast, assigned(cast))
    path, body = f"contacts/{contact.pk}/correction/", SAID | {"day": "2026-03-02", "minutes": 15}
    assert _post(signed_in(cast.siri), path, body).status_code == 201
    late = _post(signed_in(cast.jon), path, body | {"minutes": 16})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert _post(signed_in(cast.outsider), path, body).status_code == 404


def test_the_persons_own_extract_holds_what_was_taken_back_too(cast: Cast) -> None:
    participant = assigned(cast)
    contact = contact_of(cast, participant)
    with acting(cast.jon):
        take_back(by=cast.jon, row=contact, reason="never_happened")
    answer = signed_in(cast.kari).post(f"/trials/se-klar/participants/{participant.number}/extract.json")
    parts = {part["heading"]: part for part in json.loads(answer.content)["sections"]}
    (row,) = parts["Kontakter"]["rows"]
    assert (row["Notat"], row["Rettet eller tatt tilbake"]) == ("Vil jobbe ute", "Har ikke funnet sted")


def test_a_deviation_is_taken_back_on_its_page_and_stands_among_those_taken_back(cast: Cast) -> None:
    participant = drawn(cast, "control")
    with acting(cast.kari):
        made = record_deviation(by=cast.kari, participant=participant, kind="other", reason="Feil skjema")
    client, listed = signed_in(cast.kari), address("deviations", cast)
    back = reverse("followup:take_back_deviation", args=[cast.trial.code, made.pk])
    assert "Feil skjema" in client.get(address("resolve_deviation", cast, made.pk)).content.decode()
    assert list(client.post(back, {"reason": "x"}).context["taking_back"].errors) == ["reason"]
    assert client.post(back, {"reason": "other_person"}).status_code == 302
    assert participant.number not in client.get(listed).content.decode()
    assert participant.number in client.get(listed, {"state": "retracted"}).content.decode()
    assert "Avviket er tatt tilbake" in client.get(address("resolve_deviation", cast, made.pk)).content.decode()


@pytest.mark.parametrize("user", ["lead", "auditor"])
@pytest.mark.parametrize("language", ["nb", "en"])
def test_who_sees_no_people_sees_how_many_deviations_and_none_that_points_at_someone(
    cast: Cast, user: str, language: str
) -> None:
    participants = [drawn(cast, "control") for _person in range(6)]
    with acting(cast.kari):
        for participant in participants:
            record_deviation(by=cast.kari, participant=participant, kind="other", reason="Byttet kontor")
        record_deviation(by=cast.kari, participant=participants[0], kind="not_assigned", reason="Ferie")
    client = signed_in(getattr(cast, user))
    client.cookies["language"] = language
    answer = client.get(address("deviations", cast))
    rows = [row[1:] for row in answer.context["counts"]["rows"]]
    assert rows == [["0", "0", "0"], ["<5", "0", "<5"], ["0", "0", "0"], ["0", "0", "0"], ["≈5", "0", "≈5"]]
    page = answer.content.decode()
    assert not any(text in page for text in ("Byttet kontor", "Ferie", *(each.number for each in participants)))
    with maintenance():
        assert Deviation.objects.count() == 7
        assert participants[0].enrolled_at.date() == TODAY
