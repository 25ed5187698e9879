"""Django's forms in Aksel's clothes: every form of the site, allauth's as well, without a word in the form itself.

The renderer is set by `FORM_RENDERER`; it brings the bound field, which gives each control its class, and the
templates of a whole field and a whole form.
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

TEXT = "aksel-text-field__input aksel-body-short aksel-body-short--medium"
CONTROLS = {
    "text": TEXT,
    "date": TEXT,
    "file": "app-file aksel-body-short aksel-body-short--medium",
    "textarea": "aksel-textarea__input aksel-body-long aksel-body-long--medium",
    "select": "aksel-select__input aksel-body-short aksel-body-short--medium",
    "radio": "aksel-radio__input",
    "checkbox": "aksel-checkbox__input",
    "panel": "aksel-checkbox__input",
    "checkboxes": "aksel-checkbox__input",
    "hidden": "",
}
# Order matters: a checkbox group is a radio group to Python, a date field a text field.
KINDS: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radio"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file"),
    (forms.DateInput, "date"),
)


class AkselBoundField(BoundField):
    """A form's field that knows which Aksel control it is."""

    @cached_property
    def kind(self) -> str:
        """One of CONTROLS; decides the partial `components/fields/<kind>.html`."""
        widget = self.field.widget
        if widget.is_hidden:
            return "hidden"
        if widget.attrs.get("data-panel"):
            return "panel"
        return next((kind for kind_of_widget, kind in KINDS if isinstance(widget, kind_of_widget)), "text")

    @property
    def template_name(self) -> str:
        return f"components/fields/{self.kind}.html"

    @property
    def focus_id(self) -> str:
        """Where the error summary's link leads: the control, in a group its first choice."""
        return f"{self.auto_id}_0" if self.kind in ("radio", "checkboxes") else self.auto_id

    @property
    def optional(self) -> bool:
        """Whether the label says so: most fields must be filled in, so the exceptions are marked."""
        return not self.field.required and self.kind not in ("checkbox", "panel")

    @property
    def sentences(self) -> list[str]:
        """The errors as a reader needs them: a missing answer names its field, also in the summary above the form."""
        missing = self.field.error_messages.get("required")
        return [self._missing() if error == missing else str(error) for error in self.errors]

    def _missing(self) -> str:
        if self.kind in ("panel", "checkbox"):
            return _("Du må krysse av for «%(label)s».") % {"label": self.label}
        if self.kind in ("radio", "select", "checkboxes"):
            return _("Du må velge: %(label)s") % {"label": self.label}
        return _("%(label)s må fylles ut.") % {"label": self.label}

    @property
    def aria_describedby(self) -> str | None:
        """The ids of description and error; a date without a description is described by its format."""
        described = super().aria_describedby
        if self.kind == "date" and not self.help_text:
            return f"{self.auto_id}_format {described or ''}".strip()
        return described

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        built["class"] = " ".join(filter(None, [self.field.widget.attrs.get("class"), CONTROLS[self.kind]]))
        if self.kind == "date":
            built.setdefault("autocomplete", "off")
            built.setdefault("size", "11")
        return built


class AkselRenderer(TemplatesSetting):
    """Renders fields and forms with the components."""

    bound_field_class = AkselBoundField
    form_template_name = "components/form_body.html"
