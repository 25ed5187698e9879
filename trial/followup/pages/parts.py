"""What several pages of this room do alike."""

from django import forms


def with_present(form: forms.Form) -> forms.Form:
    """The form as it is shown again after a refusal.

    It then carries the version that stands now: whoever saves once more has been told what someone else wrote (the
    page shows it beside the form), and means it.
    """
    if form.is_bound and "version" in form.fields:
        data = form.data.copy()
        data[form.add_prefix("version")] = form.get_initial_for_field(form.fields["version"], "version")
        form.data = data
    return form
