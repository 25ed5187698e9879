"""A trial is planned in the pages, step by step, until the lock; then it is read, and carried on by its lead."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import ARMS, METHOD, Cast, acting, new_user
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit.guards import writing
from trial.enrolment.actions import set_criteria
from trial.studies.actions import (
    change_settings,
    create_trial,
    end_membership,
    move_trial,
    remove_office,
    set_arms,
    set_privacy,
)
from trial.studies.forms import ArmsForm, PrivacyForm
from trial.studies.groups import give_group_role
from trial.studies.method_forms import MethodForm
from trial.studies.models import Membership, Office, Trial
from trial.studies.states import TrialState
from trial.studies.strata import expected_by_stratum, strata_of, stratum_of

SEX = "sex: man, woman"
MINIMISED = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
MOST_QUERIES = 12
# The test's own transaction adds a savepoint, its release and the way back to the plane before.
AROUND = 3


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def step(cast: Cast, name: str) -> str:
    return reverse("studies:step", args=[cast.trial.code, name])


def test_a_lead_creates_a_trial_and_fills_it_in(drafted_cast: Cast) -> None:
    client = signed_in(drafted_cast.lead)
    answer = client.post(reverse("studies:create"), {"name": "Ny metode", "code": "ny-metode"})
    assert answer["Location"] == "/trials/ny-metode/setup/about/"
    about = {"name": "Ny metode", "purpose": "Flere i jobb", "planned_size": 300, "capacity_per_position": 15}
    dates = {"planned_start": "01.04.2026", "planned_end": "01.04.2028"}
    assert client.post(answer["Location"], about | dates)["Location"] == "/trials/ny-metode/setup/arms/"
    arms = {
        "code_0": "tiltak", "name_0": "Tiltak", "ratio_0": 1,
        "code_1": "kontroll", "name_1": "Kontroll", "ratio_1": 1, "control": "1",
    }  # fmt: skip
    client.post("/trials/ny-metode/setup/arms/", arms)
    client.post("/trials/ny-metode/setup/offices/", {"number": "0104", "name": "Nav Moss", "prefix": "MOS"})
    client.post("/trials/ny-metode/setup/method/", {"mode": "unattended", "kind": "big_stick", "bound": 3})
    sources = client.post("/trials/ny-metode/setup/sources/", {"register_sources": ["employment", "benefits"]})
    privacy = {"controller": "Direktoratet", "legal_basis": "consent", "approvals": "Sikt 1, PVK 2"}
    client.post(sources["Location"], privacy)
    with maintenance():
        trial = Trial.objects.get(code="ny-metode")
        assert [(arm.code, arm.ratio, arm.is_control) for arm in trial.arms.all()] == [
            ("tiltak", 1, False),
            ("kontroll", 1, True),
        ]
        assert trial.offices.get().stratum == "Moss"
    assert (trial.planned_size, trial.capacity_per_position, trial.mode) == (300, 15, "unattended")
    assert trial.method == {"kind": "big_stick", "bound": 3}
    assert trial.register_sources == ["employment", "benefits"]
    assert (trial.controller, trial.legal_basis, trial.approvals) == tuple(privacy.values())


def test_who_answers_for_the_data_can_be_told_anew_after_the_lock_and_nothing_else(cast: Cast) -> None:
    client = signed_in(cast.lead)
    assert "Behandlingsansvarlig" in client.get("/trials/se-klar/conditions/").content.decode(), (
        "it says what is missing"
    )
    overview = client.get(step(cast, "about"))
    assert overview["Location"] == "/trials/se-klar/setup/"
    told = dict.fromkeys(PrivacyForm.base_fields, "Ny") | {"legal_basis": "consent"}
    assert client.post(step(cast, "privacy"), told)["Location"] == "/trials/se-klar/setup/"
    assert "Informasjonsskrivet mangler noe" not in client.get("/trials/se-klar/conditions/").content.decode()
    with maintenance():
        assert Trial.objects.get().controller == "Ny"


def test_an_archived_trial_stays_as_it_is(cast: Cast) -> None:
    with maintenance(), writing():
        cast.trial.changed(state=TrialState.ARCHIVED)
    with acting(cast.lead), pytest.raises(Refusal, match="trial_archived"):
        set_privacy(by=cast.lead, trial=cast.trial, controller="Ny")


def test_no_national_id_is_written_about_who_answers_for_the_data(drafted_cast: Cast) -> None:
    client, typed = signed_in(drafted_cast.lead), {"project_leader": "Nora 13097248022", "controller": "Direktoratet"}
    answer = client.post(step(drafted_cast, "privacy"), typed)
    assert list(answer.context["form"].errors) == ["project_leader"]
    assert 'value="Direktoratet"' in answer.content.decode()


@pytest.mark.parametrize("user", ["kari", "coordinator", "analyst", "outsider"])
def test_only_leads_begin_trials(drafted_cast: Cast, user: str) -> None:
    client = signed_in(getattr(drafted_cast, user))
    assert client.get(reverse("studies:create")).status_code == 403


@pytest.mark.parametrize("code", ["SE-KLAR", "se_klar", "13097248022"])
def test_a_code_is_short_small_and_nobodys_number(drafted_cast: Cast, code: str) -> None:
    answer = signed_in(drafted_cast.lead).post(reverse("studies:create"), {"name": "Et til", "code": code})
    assert list(answer.context["form"].errors) == ["code"]


def test_an_end_before_the_start_is_told_at_its_field(drafted_cast: Cast) -> None:
    dates = {"planned_start": "01.03.2027", "planned_end": "01.03.2027"}
    sent = {"name": "SE-KLAR", "planned_size": 10, "capacity_per_position": 20} | dates
    answer = signed_in(drafted_cast.lead).post(step(drafted_cast, "about"), sent)
    assert answer.context["form"].errors == {"planned_end": ["Slutten må komme etter starten."]}


def test_a_code_is_taken_once(drafted_cast: Cast) -> None:
    answer = signed_in(drafted_cast.lead).post(reverse("studies:create"), {"name": "Et til", "code": "se-klar"})
    assert answer.context["form"].errors == {"code": ["Et annet forsøk har denne koden."]}


def test_a_method_that_does_not_fit_the_arms_is_refused_at_its_field(drafted_cast: Cast) -> None:
    answer = signed_in(drafted_cast.lead).post(
        step(drafted_cast, "method"), {"mode": "attended", "kind": "big_stick", "bound": 3}
    )
    assert list(answer.context["form"].errors) == ["kind"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "permuted_blocks"}, "multipliers"),
        ({"kind": "permuted_blocks", "multipliers": "1, to"}, "multipliers"),
        ({"kind": "biased_coin", "probability": "2/3/4"}, "probability"),
        ({"kind": "biased_coin", "probability": "1/3"}, "probability"),
        ({"kind": "biased_coin", "probability": "4/3"}, "probability"),
        ({"kind": "urn", "alpha": "0"}, "beta"),
        ({"kind": "ukjent"}, "kind"),
        ({"kind": "fixed_counts", "counts": "167"}, "counts"),
        ({"kind": "minimisation", "probability": "4/5"}, "factor_weights"),
        ({"kind": "minimisation", "probability": "4/5", "factors": SEX, "factor_weights": "1, 2"}, "factor_weights"),
        ({"kind": "simple", "factors": "kjønn"}, "factors"),
        ({"kind": "simple", "factors": "kjønn: mann, Mann"}, "factors"),
        ({"kind": "simple", "factors": f"{SEX}\n{SEX}"}, "factors"),
        ({"kind": "simple", "strata_by": "kontor, alder"}, "strata_by"),
        ({"kind": "simple", "strata_by": "kontor, kontor"}, "strata_by"),
        ({"kind": "simple", "factors": f"sex: {'m' * 140}, k", "strata_by": "kontor, sex"}, "factors"),
        ({"kind": "simple", "factors": "sex: 13097248022, k"}, "factors"),
    ],
)
def test_what_a_method_lacks_is_said_at_the_field(sent: dict[str, str], field: str) -> None:
    form = MethodForm({"mode": "attended"} | sent, arms=["a", "b"])
    assert not form.is_valid()
    assert list(form.errors) == [field]


@pytest.mark.parametrize(
    ("sent", "method"),
    [
        ({"kind": "fixed_counts", "counts": "167, 101"}, {"counts": {"a": 167, "b": 101}}),
        (
            {"kind": "minimisation", "factors": SEX, "factor_weights": "2", "probability": "4/5"},
            {"factors": {"sex": 2}, "probability": [4, 5]},
        ),
    ],
)
def test_values_in_order_are_kept_by_arm_and_by_factor(sent: dict[str, str], method: dict[str, object]) -> None:
    form = MethodForm({"mode": "attended", "strata_by": "kontor"} | sent, arms=["a", "b"])
    assert form.is_valid(), form.errors
    assert form.cleaned_data["method"] == {"kind": sent["kind"]} | method
    assert (form.cleaned_data["strata_by"], form.cleaned_data["unit"]) == (["office"], "person")


def test_a_draw_in_strata_of_a_factor_is_typed_kept_and_shown_again(drafted_cast: Cast) -> None:
    client, address = signed_in(drafted_cast.lead), step(drafted_cast, "method")
    sent = {
        "mode": "attended",
        "kind": "permuted_blocks",
        "multipliers": "1",
        "factors": SEX,
        "strata_by": "kontor, sex",
    }
    assert client.post(address, sent).status_code == 302
    shown = client.get(address).context["form"].initial
    assert (shown["factors"], shown["strata_by"]) == (SEX, "kontor, sex")
    with maintenance():
        trial = Trial.objects.get(code="se-klar")
        assert strata_of(trial)[:3] == ["Hurum|man", "Hurum|woman", "Moss|man"]
        assert expected_by_stratum(trial)["Moss|man"] == 268 / 4 / 2
        assert stratum_of(trial, trial.offices.get(stratum="Moss"), {"sex": "woman"}) == "Moss|woman"
        with pytest.raises(Refusal, match="factor_missing"):
            stratum_of(trial, trial.offices.get(stratum="Moss"), {})


def test_offices_say_how_many_they_expect_and_the_rest_of_the_plan_is_shared(drafted_cast: Cast) -> None:
    with acting(drafted_cast.lead):
        drafted_cast.moss.planned_size = 118
        with writing():
            drafted_cast.moss.save()
        assert expected_by_stratum(drafted_cast.trial) == {"Hurum": 50, "Moss": 118, "Rygge": 50, "Røyken": 50}


def test_offices_that_are_drawn_are_one_list_and_cannot_be_minimised(drafted_cast: Cast) -> None:
    cast = drafted_cast
    with acting(cast.lead):
        change_settings(by=cast.lead, trial=cast.trial, unit="cluster", method={"kind": "simple"})
        assert expected_by_stratum(cast.trial) == {"all": 4}
        with pytest.raises(Refusal, match="impossible_method"):
            change_settings(by=cast.lead, trial=cast.trial, method=MINIMISED)


def test_the_forms_show_what_is_kept(drafted_cast: Cast) -> None:
    with acting(drafted_cast.lead):
        assert MethodForm.initial_of(drafted_cast.trial)["multipliers"] == "1, 2"
        arms = ArmsForm(ArmsForm.initial_of(drafted_cast.trial))
        assert arms.is_valid()
        assert [arm["code"] for arm in arms.cleaned_data["arms"]] == ["intervention", "control"]


def test_groups_that_are_kept_can_be_changed_in_the_page(drafted_cast: Cast) -> None:
    with acting(drafted_cast.lead):
        sent = ArmsForm.initial_of(drafted_cast.trial) | {"code_2": "third", "name_2": "Tredje", "ratio_2": 1}
    assert signed_in(drafted_cast.lead).post(step(drafted_cast, "arms"), sent).status_code == 302
    with maintenance():
        assert [arm.code for arm in drafted_cast.trial.arms.all()] == ["intervention", "control", "third"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"control": "2"}, "control"),
        ({"code_2": "tredje"}, "name_2"),
        ({"code_1": ""}, "code_1"),
        ({"name_2": "Tredje", "ratio_2": "1"}, "code_2"),
        ({"code_2": "13097248022", "name_2": "Tredje", "ratio_2": "1"}, "code_2"),
    ],
)
def test_incomplete_groups_are_said_at_the_field(drafted_cast: Cast, change: dict[str, str], field: str) -> None:
    with acting(drafted_cast.lead):
        sent = ArmsForm.initial_of(drafted_cast.trial) | change
    assert field in ArmsForm(sent).errors


def test_an_office_added_by_mistake_is_taken_out_again(drafted_cast: Cast) -> None:
    client = signed_in(drafted_cast.lead)
    client.post(reverse("studies:remove_office", args=["se-klar", "0136"]))
    with maintenance():
        assert not Office.objects.filter(trial=drafted_cast.trial, nav_office__number="0136").exists()


def test_an_office_where_a_group_gives_a_role_stays(drafted_cast: Cast) -> None:
    lead, trial = drafted_cast.lead, drafted_cast.trial
    with acting(lead):
        office = drafted_cast.offices["Rygge"]
        give_group_role(by=lead, trial=trial, group="veiledere", role=Role.CASEWORKER, office=office)
        with pytest.raises(Refusal, match="office_in_use"):
            remove_office(by=lead, trial=trial, office=office)


def test_an_office_where_people_work_stays(drafted_cast: Cast) -> None:
    with acting(drafted_cast.lead), pytest.raises(Refusal, match="office_in_use"):
        remove_office(by=drafted_cast.lead, trial=drafted_cast.trial, office=drafted_cast.moss)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"number": "0104", "prefix": "ABC"}, "number"),
        ({"number": "0999", "prefix": "MOS"}, "prefix"),
        ({"number": "99", "prefix": "ABC"}, "number"),
        ({"number": "٠١٢٣", "prefix": "ABC"}, "number"),
        ({"number": "0999", "prefix": "ABC", "name": "Nav Moss"}, "name"),
        ({"number": "0999", "prefix": "ABC", "name": "Nav Moss|Rygge"}, "name"),
        ({"number": "0999", "prefix": "ABC", "name": "Nav " + "x" * 80}, "name"),
    ],
)
def test_an_impossible_office_is_refused_at_its_field(drafted_cast: Cast, sent: dict[str, str], field: str) -> None:
    answer = signed_in(drafted_cast.lead).post(step(drafted_cast, "offices"), {"name": "Nav Annet"} | sent)
    assert list(answer.context["form"].errors) == [field]


def test_a_plan_read_before_the_lock_changes_nothing_after_it(drafted_cast: Cast) -> None:
    lead, before = drafted_cast.lead, drafted_cast.trial
    with acting(lead):
        move_trial(by=lead, trial=Trial.objects.get(pk=before.pk), to=TrialState.LOCKED, verb="protocol_locked")
        assert before.state == TrialState.DRAFTING
        for change in (
            partial(change_settings, purpose="Noe annet"),
            partial(set_arms, arms=ARMS),
            partial(set_criteria, criteria=[]),
        ):
            with pytest.raises(Refusal, match="protocol_locked"):
                change(by=lead, trial=before)


def test_nothing_changes_after_the_lock(cast: Cast) -> None:
    client = signed_in(cast.lead)
    assert client.get(step(cast, "arms"))["Location"] == reverse("studies:setup", args=[cast.trial.code])
    with acting(cast.lead):
        for change in (
            lambda: set_arms(by=cast.lead, trial=cast.trial, arms=ARMS),
            lambda: change_settings(by=cast.lead, trial=cast.trial, method=METHOD),
            lambda: remove_office(by=cast.lead, trial=cast.trial, office=cast.hurum),
        ):
            with pytest.raises(Refusal, match="protocol_locked"):
                change()


def test_everyone_in_the_trial_reads_the_plan_and_only_the_lead_changes_it(drafted_cast: Cast) -> None:
    address = reverse("studies:setup", args=["se-klar"])
    for user, changeable in (("lead", True), ("kari", False), ("analyst", False)):
        answer = signed_in(getattr(drafted_cast, user)).get(address)
        assert answer.context["changeable"] is changeable
        assert "Blokker med tilfeldig rekkefølge (Blokkstørrelser: 8, 16)" in answer.content.decode()
    assert signed_in(drafted_cast.outsider).get(address).status_code == 404


def test_the_lead_carries_the_trial_on(cast: Cast) -> None:
    client = signed_in(cast.lead)
    setup = reverse("studies:setup", args=["se-klar"])
    assert [move.name for move in client.get(setup).context["moves"]] == ["close"]
    client.post(reverse("studies:move", args=["se-klar", "close"]))
    client.post(reverse("studies:move", args=["se-klar", "lock-data"]))
    with maintenance():
        assert Trial.objects.get(code="se-klar").state == TrialState.DATA_LOCKED
    assert client.post(reverse("studies:move", args=["se-klar", "start"])).status_code == 409
    assert signed_in(cast.coordinator).post(reverse("studies:move", args=["se-klar", "archive"])).status_code == 403


def test_an_opened_trial_can_be_put_away(cast: Cast) -> None:
    with acting(cast.lead):
        for state in (TrialState.CLOSED, TrialState.DATA_LOCKED, TrialState.OPENED):
            move_trial(by=cast.lead, trial=cast.trial, to=state, verb="moved")
    signed_in(cast.lead).post(reverse("studies:move", args=["se-klar", "archive"]))
    with maintenance():
        assert Trial.objects.get(code="se-klar").state == TrialState.ARCHIVED


def test_the_lead_gives_and_takes_roles(cast: Cast) -> None:
    client, address = signed_in(cast.lead), reverse("studies:members", args=["se-klar"])
    with maintenance():
        newcomer = new_user("ny", "Ny Veileder")
    sent = {"user": "ny", "role": "caseworker", "office": cast.moss.pk}
    assert client.post(address, sent).status_code == 302
    assert list(client.post(address, sent).context["form"].errors) == ["user"]
    assert list(client.post(address, {"user": "finnesikke", "role": "auditor"}).context["form"].errors) == ["user"]
    assert list(client.post(address, {"user": "ny", "role": "supervisor"}).context["form"].errors) == ["office"]
    with maintenance():
        membership = Membership.objects.get(user=newcomer)
    client.post(reverse("studies:end_membership", args=["se-klar", membership.pk]))
    with maintenance():
        assert Membership.objects.get(user=newcomer).valid_to is not None


def test_the_lead_reaches_the_roles_whatever_state_the_trial_is_in(cast: Cast) -> None:
    for state in (TrialState.CLOSED, TrialState.DATA_LOCKED, TrialState.OPENED, TrialState.ARCHIVED):
        with acting(cast.lead):
            move_trial(by=cast.lead, trial=cast.trial, to=state, verb="moved")
        page = signed_in(cast.lead).get(reverse("studies:setup", args=["se-klar"])).content.decode()
        assert reverse("studies:members", args=["se-klar"]) in page, state


def test_whoever_cannot_sign_in_leads_nothing(drafted_cast: Cast) -> None:
    lead, trial = drafted_cast.lead, drafted_cast.trial
    with maintenance():
        type(lead).objects.filter(pk=drafted_cast.second_lead.pk).update(is_active=False)
    with acting(lead), pytest.raises(Refusal, match="last_lead"):
        end_membership(by=lead, membership=trial.memberships.get(user=lead))


def test_a_trial_is_never_left_without_a_lead(drafted_cast: Cast) -> None:
    cast = drafted_cast
    with acting(cast.lead):
        first, second = cast.trial.memberships.filter(role=Role.TRIAL_LEAD).order_by("pk")
        end_membership(by=cast.lead, membership=second)
        with pytest.raises(Refusal, match="last_lead"):
            end_membership(by=cast.lead, membership=first)


def test_a_trial_code_is_not_taken_twice_by_the_action_either(drafted_cast: Cast) -> None:
    with acting(drafted_cast.lead), pytest.raises(Refusal, match="code_taken"):
        create_trial(by=drafted_cast.lead, code="se-klar", name="Et til", settings={})


@pytest.mark.parametrize("name", ["trials", "setup", "members", "step"])
def test_a_page_asks_the_database_seldom(drafted_cast: Cast, name: str, django_assert_max_num_queries) -> None:
    arguments = {"trials": [], "step": ["se-klar", "offices"]}.get(name, ["se-klar"])
    client = signed_in(drafted_cast.lead)
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        assert client.get(reverse(f"studies:{name}", args=arguments)).status_code == 200
