"""The forms in which a trial is planned. What they return is what the actions take."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.access.models import User
from trial.access.roles import ROLES, Role
from trial.studies.models import LegalBasis, Trial
from trial.studies.sources import REGISTERS


class CreateForm(forms.Form):
    """A trial's name, and the short name that addresses and participant files carry."""

    name = forms.CharField(label=_("Navn på forsøket"), max_length=200, validators=[no_national_id])
    code = forms.SlugField(
        label=_("Kode"),
        max_length=50,
        validators=[
            RegexValidator(r"^[-a-z0-9]*$", _("Bruk små bokstaver fra a til z, tall og bindestrek.")),
            no_national_id,
        ],
        help_text=_("Kort navn med små bokstaver og bindestrek, for eksempel se-klar. Kan ikke endres senere."),
    )


class AboutForm(forms.ModelForm):
    """What the trial is for, how large, when, and how many people a full position follows."""

    class Meta:
        model = Trial
        fields = ["name", "purpose", "planned_size", "planned_start", "planned_end", "capacity_per_position"]
        labels = {
            "name": _("Navn på forsøket"),
            "purpose": _("Formål"),
            "planned_size": _("Planlagt antall deltakere"),
            "planned_start": _("Rekrutteringen starter"),
            "planned_end": _("Rekrutteringen slutter"),
            "capacity_per_position": _("Deltakere per jobbspesialist i full stilling"),
        }
        help_texts = {"capacity_per_position": _("Navs veiledning er 12 til 20.")}
        widgets = {
            "purpose": forms.Textarea(attrs={"rows": 3}),
            "planned_start": forms.DateInput(attrs={"size": 12}),
            "planned_end": forms.DateInput(attrs={"size": 12}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("name", "purpose"):
            self.fields[name].validators.append(no_national_id)

    def clean(self) -> dict[str, Any]:
        """Say at its field what Django would say by the name of a constraint."""
        given = super().clean() or self.cleaned_data
        starts, ends = given.get("planned_start"), given.get("planned_end")
        if starts and ends and ends <= starts:
            self.add_error(
                "planned_end", forms.ValidationError(_("Slutten må komme etter starten."), code="ends_first")
            )
        return given


def _told(label: Any, help_text: Any, *, longest: int = 200) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=longest, required=False, validators=[no_national_id]
    )


class PrivacyForm(forms.Form):
    """Who answers for the data, on what ground, and whom a participant can ask: printed in the information letter."""

    controller = _told(_("Behandlingsansvarlig"), _("For eksempel Arbeids- og velferdsdirektoratet."))
    project_leader = _told(_("Prosjektleder"), _("Navn, grad og arbeidssted. Registereierne spør om det."))
    questions_to = _told(_("Hvem deltakerne kan spørre"), _("Navn, telefon eller e-post."))
    privacy_officer = _told(_("Personvernombud"), _("Telefon eller e-post."))
    legal_basis = forms.ChoiceField(
        label=_("Rettslig grunnlag"),
        choices=[("", _("Ikke avgjort ennå")), *LegalBasis.choices],
        required=False,
    )
    approvals = _told(
        _("Vurderinger og godkjenninger"),
        _("Saksnumre hos Sikt, REK og i personvernkonsekvensvurderingen (PVK)."),
        longest=300,
    )


LEAST_ARMS, MOST_ARMS = 2, 4
ARM_PARTS = ("code", "name", "name_en", "ratio")


class ArmsForm(forms.Form):
    """The groups in the order of the protocol: a line each, empty lines are no groups."""

    control = forms.ChoiceField(
        label=_("Kontrollgruppe"),
        choices=[(str(line), line + 1) for line in range(MOST_ARMS)],
        widget=forms.RadioSelect,
        help_text=_("Nummeret på gruppen som de andre sammenlignes med."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for line in range(MOST_ARMS):
            number, required = {"number": line + 1}, line < LEAST_ARMS
            self.fields |= {
                f"code_{line}": forms.SlugField(
                    label=_("Gruppe %(number)s: kode") % number, required=required, validators=[no_national_id]
                ),
                f"name_{line}": forms.CharField(
                    label=_("Gruppe %(number)s: navn") % number,
                    max_length=100,
                    required=required,
                    validators=[no_national_id],
                ),
                f"name_en_{line}": forms.CharField(
                    label=_("Gruppe %(number)s: navn på engelsk") % number,
                    max_length=100,
                    required=False,
                    validators=[no_national_id],
                ),
                f"ratio_{line}": forms.IntegerField(
                    label=_("Gruppe %(number)s: andel i forholdet") % number,
                    min_value=1,
                    max_value=100,
                    required=required,
                ),
            }
        self.order_fields([name for name in self.fields if name != "control"])

    @staticmethod
    def initial_of(trial: Trial) -> dict[str, Any]:
        initial: dict[str, Any] = {}
        for line, arm in enumerate(trial.arms.all()):
            initial |= {f"{part}_{line}": getattr(arm, part) for part in ARM_PARTS}
            if arm.is_control:
                initial["control"] = str(line)
        return initial

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        lines = [line for line in range(MOST_ARMS) if any(given.get(f"{part}_{line}") for part in ARM_PARTS)]
        for line in lines:
            for part in ("code", "name", "ratio"):
                if f"{part}_{line}" not in self.errors and not given.get(f"{part}_{line}"):
                    self.add_error(f"{part}_{line}", forms.ValidationError(_("Fyll ut hele linjen."), code="needed"))
        if "control" in given and int(given["control"]) not in lines:
            self.add_error("control", forms.ValidationError(_("Velg en gruppe som er fylt ut."), code="no_control"))
        return given if self.errors else {"arms": [self._arm(line) for line in lines]}

    def _arm(self, line: int) -> dict[str, Any]:
        arm = {part: self.cleaned_data[f"{part}_{line}"] for part in ARM_PARTS}
        return arm | {"is_control": line == int(self.cleaned_data["control"])}


class OfficeForm(forms.Form):
    """A Nav office that takes part."""

    number = forms.CharField(
        label=_("Enhetsnummer"),
        max_length=4,
        widget=forms.TextInput(attrs={"size": 6, "inputmode": "numeric"}),
        validators=[RegexValidator(r"^[0-9]{4}$", _("Enhetsnummeret har fire sifre."))],
    )
    name = forms.CharField(
        label=_("Navn"),
        max_length=60,
        help_text=_("For eksempel Nav Moss."),
        validators=[no_national_id, RegexValidator(r"^[^|]*$", _("Navnet kan ikke ha tegnet «|»."))],
    )
    prefix = forms.CharField(  # type: ignore[assignment] # Django's own `prefix` is not used here
        label=_("Bokstaver i deltakernummeret"),
        max_length=3,
        help_text=_("Tre store bokstaver som alle kontorets deltakernumre begynner med, for eksempel MOS."),
        widget=forms.TextInput(attrs={"size": 6}),
        validators=[RegexValidator(r"^[A-ZÆØÅ]{3}$", _("Skriv tre store bokstaver."))],
    )
    planned_size = forms.IntegerField(
        label=_("Ventet antall deltakere"),
        min_value=0,
        max_value=100_000,
        required=False,
        help_text=_(
            "Kan stå tomt. Brukes til kontorets del av planen, og når det regnes på hvor lett trekningen er å forutse."
        ),
    )

    def clean_planned_size(self) -> int:
        return self.cleaned_data["planned_size"] or 0


class SourcesForm(forms.Form):
    """The registers that participants are linked to."""

    register_sources = forms.MultipleChoiceField(
        label=_("Registre"),
        choices=list(REGISTERS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Samtykkeskjemaet må nevne hvert av dem."),
    )


class ReasonForm(forms.Form):
    """Why an office stops or begins to take in people."""

    reason = forms.CharField(
        label=_("Begrunnelse"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For eksempel at kontoret mangler jobbspesialist. Skriv ikke noe om enkeltpersoner."),
        validators=[no_national_id],
    )


class MemberForm(forms.Form):
    """Gives someone a role, at an office for the roles that are held at one."""

    user = forms.ModelChoiceField(
        label=_("Brukernavn"),
        queryset=User.objects.filter(is_active=True),
        to_field_name="username",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid_choice": _("Fant ingen bruker med dette navnet.")},
    )
    role = forms.TypedChoiceField(
        label=_("Rolle"), choices=[(role.value, ROLES[role].label) for role in Role], coerce=Role
    )
    valid_from = forms.DateField(label=_("Fra"), help_text=_("Tomt felt: fra i dag."), required=False)
    valid_to = forms.DateField(label=_("Til og med"), help_text=_("Tomt felt: til rollen avsluttes."), required=False)

    def __init__(self, *args: Any, trial: Trial, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["office"] = _office(trial)
        self.order_fields(["user", "role", "office"])


class GroupRoleForm(forms.Form):
    """Gives everyone in a group a role."""

    group = forms.CharField(
        label=_("Gruppe"),
        help_text=_("Gruppens ID i Entra ID, slik den står i innloggingens «groups»."),
        max_length=100,
        validators=[no_national_id],
    )
    role = MemberForm.base_fields["role"]

    def __init__(self, *args: Any, trial: Trial, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["office"] = _office(trial)


def _office(trial: Trial) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label=_("Kontor"),
        queryset=trial.offices.select_related("nav_office"),
        required=False,
        empty_label=_("Hele forsøket"),
        help_text=_("For veiledere, jobbspesialister og metodeveiledere."),
    )
