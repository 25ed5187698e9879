"""Pages and API of plans and runs."""

import json

import pandas as pd
import pytest
from django.test import Client

from evaluation.errors import EvaluationError
from evaluation.masking import shuffled
from evaluation.plan import Plan as PlanOfAnalysis
from tests.analyses import life
from tests.cast import acting
from trial.access.models import User
from trial.access.planes import DatabaseRole, Plane, acting_in, maintenance
from trial.analyses.actions import begin_run, fail_run, request_run
from trial.analyses.calculation import carry_out
from trial.analyses.models import Run
from trial.analyses.states import RunState
from trial.results.actions import request_release

pytestmark = pytest.mark.slow

MOST_QUERIES = 12
SAVEPOINT = 2  # a test's transaction makes a savepoint of the request's: two statements that no real request sends


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _queued(cast, plan) -> Run:
    with acting(cast.analyst):
        return request_run(by=cast.analyst, plan=plan, masked=True)


@pytest.fixture
def done(lived):
    cast, plan = lived
    run = _queued(cast, plan)
    with acting_in(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        carry_out(run.pk)
    return cast, run


def test_a_plan_is_proposed_on_one_page_and_locked_on_another_by_another(drafted_cast):
    cast = drafted_cast
    analyst, lead = signed_in(cast.analyst), signed_in(cast.lead)
    offered = analyst.get("/trials/se-klar/plans/new/").context["form"]["content"].value()
    suggested = json.loads(offered)
    assert (suggested["control"], suggested["strata"]) == ("control", "office")
    assert suggested["design"]["method"] == cast.trial.method
    made = analyst.post("/trials/se-klar/plans/new/", {"content": offered})
    assert made["Location"] == "/trials/se-klar/plans/1/"
    assert "/plans/1/lock/" not in analyst.get(made["Location"]).content.decode()
    assert "/plans/1/lock/" in lead.get(made["Location"]).content.decode()
    assert lead.post("/trials/se-klar/plans/1/lock/").status_code == 302
    assert "Planen er låst av to personer" in analyst.get(made["Location"]).content.decode()


@pytest.mark.parametrize("content", ["{", "[]", '{"trial": "se-klar", "alpha": "2"}'])
def test_a_plan_that_is_none_is_refused_at_its_field(drafted_cast, content):
    answer = signed_in(drafted_cast.analyst).post("/trials/se-klar/plans/new/", {"content": content})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["content"]


def test_the_plan_is_downloaded_as_the_bytes_that_were_hashed(lived):
    cast, plan = lived
    assert signed_in(cast.checker).get("/trials/se-klar/plans/1/plan.json").content.decode() == plan.text


def test_a_rehearsal_is_started_on_the_plans_page_and_followed_on_its_own(lived):
    cast, _plan = lived
    client = signed_in(cast.analyst)
    started = client.post("/trials/se-klar/plans/1/rehearse/")
    page = client.get(started["Location"]).content.decode()
    assert f'hx-get="{started["Location"]}"' in page
    assert "Venter på en ledig arbeider" in page


def test_the_polled_part_shows_progress_and_asks_for_the_whole_page_when_it_is_over(lived):
    cast, plan = lived
    run = _queued(cast, plan)
    client = signed_in(cast.analyst)
    with acting(cast.analyst):
        begun = begin_run(by=None, run=run)
    polled = client.get(f"/trials/se-klar/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in polled.content.decode()
    assert client.post(f"/trials/se-klar/runs/{run.pk}/cancel/").status_code == 302
    over = client.get(f"/trials/se-klar/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert over["HX-Refresh"] == "true"
    with maintenance():
        begun.refresh_from_db()
    assert begun.state == RunState.CANCELLED


def test_a_rehearsal_before_both_arms_have_people_says_so_in_the_readers_language(lived):
    cast, plan = lived
    with acting(cast.analyst):
        run = begin_run(by=None, run=request_run(by=cast.analyst, plan=plan, masked=True))
        with pytest.raises(EvaluationError) as caught:
            shuffled(pd.DataFrame({"participant_number": ["P1"], "arm": ["A"]}), PlanOfAnalysis("se-klar"), seed=1)
        fail_run(by=None, run=run, code=caught.value.code, sentence=str(caught.value))
    page = signed_in(cast.analyst).get(f"/trials/se-klar/runs/{run.pk}/").content.decode()
    assert "Analysen sammenligner to grupper." in page


def test_each_finding_has_its_page_with_numbers_and_figures_their_table(done):
    cast, run = done
    client = signed_in(cast.checker)
    with maintenance():
        findings = {finding.name: finding for finding in run.results.all()}
    for name, finding in findings.items():
        page = client.get(f"/trials/se-klar/runs/{run.pk}/findings/{name}/").content.decode()
        assert page.count("<table") == 1
        assert ('data-chart="' in page) is (finding.kind == "figure")


def test_a_finding_that_is_not_there_is_not_found(done):
    cast, run = done
    assert signed_in(cast.checker).get(f"/trials/se-klar/runs/{run.pk}/findings/table-9/").status_code == 404


def test_downloads_carry_every_number(done):
    cast, run = done
    client = signed_in(cast.analyst)
    numbers = client.get(f"/trials/se-klar/runs/{run.pk}/results.json").json()
    assert numbers["manifest"]["masked"] is True
    assert client.get(f"/trials/se-klar/runs/{run.pk}/manifest.json").json() == numbers["manifest"]
    assert client.get(f"/trials/se-klar/runs/{run.pk}/tables.xlsx").content[:2] == b"PK"
    table = client.get(f"/trials/se-klar/runs/{run.pk}/table-2.csv").content.decode().splitlines()
    assert len(table) == 1 + len(numbers["findings"][1]["rows"])


def test_a_figure_is_downloaded_as_a_picture_in_the_reader_s_language(done):
    cast, run = done
    client, figure = signed_in(cast.analyst), f"/trials/se-klar/runs/{run.pk}/figure-1"
    picture = client.get(f"{figure}.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert "Måneder fra start" in picture.content.decode()
    assert client.get(f"{figure}.png").content.startswith(b"\x89PNG")
    client.cookies.load({"language": "en"})
    assert "Months from start" in client.get(f"{figure}.svg").content.decode()


def test_a_table_is_no_picture(done):
    cast, run = done
    assert signed_in(cast.analyst).get(f"/trials/se-klar/runs/{run.pk}/table-2.svg").status_code == 404


def test_an_exploratory_run_begins_with_nothing_done_otherwise(lived):
    cast, plan = lived
    page = signed_in(cast.analyst).get(f"/trials/se-klar/plans/{plan.version}/explore/")
    assert page.context["form"]["deviations"].value() == "{}"


def test_the_api_starts_a_run_and_tells_of_it(lived):
    cast, _plan = lived
    client = signed_in(cast.analyst)
    address = "/api/v1/trials/se-klar/runs/"
    made = client.post(address, {"plan": 1, "masked": True}, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (201, "queued")
    assert client.get(f"{address}{made.json()['id']}/").json()["findings"] == []
    early = client.post(address, {"plan": 1, "masked": False}, content_type="application/json")
    assert (early.status_code, early.json()["code"]) == (409, "data_not_locked")


@pytest.mark.parametrize("attribute", ["kari", "coordinator", "lead", "data_manager"])
def test_runs_are_for_those_who_may_see_numbers_before_their_release(done, attribute):
    cast, run = done
    client = signed_in(getattr(cast, attribute))
    tails = ("", f"{run.pk}/", f"{run.pk}/findings/table-2/", f"{run.pk}/results.json", f"{run.pk}/table-2.csv")
    assert {client.get(f"/trials/se-klar/runs/{tail}").status_code for tail in tails} == {403}


def test_the_pages_ask_the_database_a_bounded_number_of_times(done, django_assert_max_num_queries):
    cast, run = done
    client = signed_in(cast.analyst)
    for address in ("plans/", "plans/1/", "runs/", f"runs/{run.pk}/", f"runs/{run.pk}/findings/figure-6/"):
        with django_assert_max_num_queries(MOST_QUERIES + SAVEPOINT):
            assert client.get(f"/trials/se-klar/{address}").status_code == 200


def test_the_page_asks_for_an_exploratory_run_and_says_what_departs(lived):
    cast, plan = lived
    life.data_locked(cast)
    analyst = signed_in(cast.analyst)
    page = f"/trials/se-klar/plans/{plan.version}/"
    assert f"{page}explore/" in analyst.get(page).content.decode()
    assert signed_in(cast.coordinator).get(f"{page}explore/").status_code == 403
    refused = analyst.post(f"{page}explore/", {"deviations": '{"covariance": "HC9"}', "reason": "Fordi"})
    assert list(refused.context["form"].errors) == ["deviations"]
    assert "HC9" in refused.content.decode()
    assert analyst.post(f"{page}explore/", {"deviations": "[]", "reason": "Fordi"}).status_code == 200
    made = analyst.post(f"{page}explore/", {"deviations": '{"covariance": "HC3"}', "reason": "Robust"})
    shown = analyst.get(made["Location"]).content.decode()
    assert "Utforskende kjøring" in shown
    assert "covariance: classical → HC3" in shown
    assert "Robust" in shown


def test_a_run_whose_release_was_asked_for_offers_it_no_more(lived):
    cast, plan = lived
    life.data_locked(cast)
    with acting(cast.analyst):
        plan.refresh_from_db()
        run = request_run(by=cast.analyst, plan=plan, masked=False)
    with acting_in(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        carry_out(run.pk)
    analyst, page = signed_in(cast.analyst), f"/trials/se-klar/runs/{run.pk}/"
    assert "Be om frigiving" in analyst.get(page).content.decode()
    with acting(cast.analyst):
        run.refresh_from_db()
        request_release(by=cast.analyst, run=run)
    assert "Be om frigiving" not in analyst.get(page).content.decode()
