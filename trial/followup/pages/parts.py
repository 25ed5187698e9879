"""What several pages of this room do alike."""

from uuid import uuid4

from django import forms


def with_present(form: forms.Form) -> forms.Form:
    """The form as it is shown again after a refusal.

    It then carries the version that stands now: whoever saves once more has been told what someone else wrote (the
    page shows it beside the form), and means it.
    """
    if form.is_bound and "version" in form.fields:
        present = form.get_initial_for_field(form.fields["version"], "version")
        form.data = {**form.data.dict(), form.add_prefix("version"): present}  # type: ignore[attr-defined] # a QueryDict
    return form


def with_new_key(form: forms.Form) -> forms.Form:
    """The form as it is shown again where its key stands for something else: saved once more, it is something new."""
    if "key" in form.errors:
        form.data = {**form.data.dict(), form.add_prefix("key"): str(uuid4())}  # type: ignore[attr-defined]
    return form
