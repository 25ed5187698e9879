"""What several pages of this room do alike."""

from uuid import uuid4

from django import forms


def with_present(form: forms.Form) -> forms.Form:
    """The form as it is shown again after a refusal.

    It then carries the version, or what is `seen`, that stands now: whoever saves once more has been told what someone
    else wrote (the page shows it beside the form), and means it.
    """
    for name in form.fields.keys() & {"version", "seen"}:
        if form.is_bound:
            _put(form, name, form.get_initial_for_field(form.fields[name], name))
    return form


def with_new_key(form: forms.Form) -> forms.Form:
    """The form as it is shown again where its key stands for something else: saved once more, it is something new."""
    if "key" in form.errors:
        _put(form, "key", str(uuid4()))
    return form


def _put(form: forms.Form, name: str, value: object) -> None:
    """Let the form be shown with another value than the one sent. A copy: what was sent cannot be changed."""
    sent = form.data.copy()  # type: ignore[attr-defined] # a QueryDict, which keeps several values of a name
    sent[form.add_prefix(name)] = value
    form.data = sent
