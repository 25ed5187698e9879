"""Why a run failed, for people. What an analysis itself says about its data is shown as it stands."""

from django.utils.translation import gettext_lazy as _

FAILURES = {
    "gave_up": _("Kjøringen ble avbrutt flere ganger uten å bli ferdig."),
    "snapshot_damaged": _("En godkjent leveranse er endret eller mangler på disken. Lever filen på nytt."),
    "nobody_covered": _("Samtykkene dekker ingen deltakere lenger. Det er ingenting å regne på."),
    "not_two_arms": _("Analysen sammenligner to grupper. I disse dataene er det ikke personer i nøyaktig to grupper."),
    "unexpected": _("Kjøringen stoppet på grunn av en feil i programmet. Feilen er logget."),
}
