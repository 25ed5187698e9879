"""No field that people write in takes a national id: every form of the house is asked, so that a new one is too."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client

import trial
from evaluation.national_id import find_national_ids
from tests.cast import Cast
from trial.access.free_text import no_national_id
from trial.studies.forms import AboutForm, ArmsForm

ID = "13097248022"
WRITTEN = f"Nora, {ID[:6]} {ID[6:]}"
# Fields that hold codes, numbers or keys, which their own rules keep to a form that no national id has, or that are
# refused by the action; and the one field that asks for a national id.
NO_FREE_TEXT = {
    "trial.access.code_forms": {"code"},
    "trial.access.login_form": {"login", "password"},
    "trial.allocation.forms": {"value", "other", "researcher_commitment", "step"},
    "trial.config.styleguide": {"number", "note", "password"},
    "trial.enrolment.forms": {"national_id"},
    "trial.followup.forms.records": {"present", "seen"},
    "trial.followup.forms.work": {"organisation_number"},
    "trial.registers.forms": {"recipient"},
    "trial.studies.forms": {"number", "prefix", "name", "purpose"},
    "trial.studies.method_forms": {"strata_by"},
    "trial.surveys.forms": {"code", "shown_if_answers", "reminders"},
}


def of_the_house() -> Iterator[type[forms.BaseForm]]:
    """Every form class, after every module has been read."""
    for module in pkgutil.walk_packages(trial.__path__, "trial."):
        if not {"migrations", "management", "wsgi"} & set(module.name.split(".")):
            importlib.import_module(module.name)
    waiting = list(forms.BaseForm.__subclasses__())
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.startswith("trial."):
            yield form


def open_fields() -> list[str]:
    """Text fields that would take a national id, but for those that are no free text."""
    return sorted(
        f"{form.__module__}.{form.__qualname__}.{name}"
        for form in set(of_the_house())
        for name, field in form.base_fields.items()
        if type(field) is forms.CharField
        and name not in NO_FREE_TEXT.get(form.__module__, ())
        and no_national_id not in field.validators
    )


@pytest.mark.slow
def test_no_field_that_people_write_in_takes_a_national_id() -> None:
    assert open_fields() == []


@pytest.mark.slow
def test_control_a_new_field_is_noticed() -> None:
    class RemarkForm(forms.Form):
        remark = forms.CharField()

    RemarkForm.__module__ = "trial.enrolment.forms"
    assert f"trial.enrolment.forms.{RemarkForm.__qualname__}.remark" in open_fields()
    RemarkForm.__module__ = __name__


@pytest.mark.parametrize("text", [ID, WRITTEN, f"ringt {ID} i dag", "D-nummer 53097248016", "10915596784"])
def test_the_refusal_does_not_repeat_it(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        no_national_id(text)
    assert find_national_ids(str(refused.value)) == []


def test_forms_that_make_their_fields_themselves_refuse_it_too(db: None) -> None:
    about = AboutForm({"name": WRITTEN, "purpose": WRITTEN, "planned_size": 2, "capacity_per_position": 20})
    assert {"name", "purpose"} <= set(about.errors)
    arms = ArmsForm({"code_0": "a", "name_0": WRITTEN, "name_en_0": WRITTEN})
    assert {"name_0", "name_en_0"} <= set(arms.errors)


@pytest.mark.slow
@pytest.mark.parametrize("login", [ID, f"{ID[:6]} {ID[6:]}"])
def test_typed_as_a_user_name_it_is_neither_looked_up_nor_kept(cast: Cast, login: str) -> None:
    answer = Client().post("/account/login/", {"login": login, "password": "et passord"})
    assert "Fødselsnummer kan ikke skrives her" in answer.content.decode()
    assert not AccessAttempt.objects.exists()


@pytest.mark.slow
def test_control_another_unknown_user_name_is_counted(cast: Cast) -> None:
    Client().post("/account/login/", {"login": "ukjent", "password": "et passord"})
    assert AccessAttempt.objects.get().username == "ukjent"
