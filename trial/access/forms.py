"""Where a form meets an action: the one way in which a page carries out what was typed."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.db import IntegrityError

from trial.access.refusals import Refusal, of_two_at_once

Result = TypeVar("Result")
AT_THE_FORM = (409, 422)  # what the user can mend or try again; missing rights and rows are a page of their own


def perform(form: forms.BaseForm, action: Callable[..., Result], **known: Any) -> Result | None:
    """Call `action` with `known` and the form's values; None when the form is invalid or the action refuses.

    A refusal stands at the field it concerns, or above the form, in the words of the rule. So does that somebody else
    was quicker, where the database alone could tell.
    """
    if not form.is_valid():
        return None
    try:
        return action(**known, **form.cleaned_data)
    except Refusal as refusal:
        if refusal.status not in AT_THE_FORM:
            raise
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.sentence))
    except IntegrityError as error:
        if (late := of_two_at_once(error)) is None:
            raise
        form.add_error(None, str(late.sentence))
    return None
