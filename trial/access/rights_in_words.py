"""The rights in words, for the page on which an auditor reads who may do what."""

from django.utils.translation import gettext_lazy as _

from trial.access.permissions import Permission as P

IN_WORDS = {
    P.SEE_TRIAL: _("Se hvordan forsøket er satt opp"),
    P.SEE_PARTICIPANTS: _("Se deltakere med nummer"),
    P.SEE_IDENTITY: _("Se navn og fødselsnummer"),
    P.SEE_ARM: _("Se hvilken gruppe en deltaker er trukket til"),
    P.REVIEW_DISPLAYS: _("Gå gjennom hvem som har sett hvem"),
    P.ENROL: _("Registrere deltakere og melde dem inn"),
    P.WITHDRAW: _("Registrere at noen trekker seg"),
    P.SEE_WAITING: _("Se numre som venter på loddtrekning"),
    P.DRAW: _("Trekke lodd"),
    P.SEE_LOG: _("Se loggen over loddtrekningen"),
    P.SEE_AUDIT: _("Se hendelser og tilganger"),
    P.SEE_CASELOADS: _("Se porteføljer og kapasitet"),
    P.ASSIGN: _("Gi deltakere jobbspesialist"),
    P.FOLLOW_UP: _("Følge opp deltakere"),
    P.RECORD_DEVIATION: _("Melde avvik"),
    P.SEE_SURVEYS: _("Se spørreundersøkelsene"),
    P.SURVEY: _("Sende ut og føre inn spørreskjemaer"),
    P.SEE_MONITORING: _("Se status for forsøket"),
    P.MANAGE_TRIAL: _("Sette opp og styre forsøket"),
    P.LOCK_PROTOCOL: _("Låse protokollen"),
    P.OPEN_TRIAL: _("Åpne forsøket"),
    P.SEE_DELIVERIES: _("Se leveranser"),
    P.DELIVER: _("Ta imot leveranser"),
    P.DECIDE_DELIVERY: _("Godta eller avvise leveranser"),
    P.LINK: _("Lage nøkkelfiler for registereiere"),
    P.APPROVE_LINKAGE: _("Godkjenne nøkkelfiler"),
    P.SEE_PLAN: _("Se analyseplanen"),
    P.LOCK_PLAN: _("Foreslå og låse analyseplanen"),
    P.RUN_ANALYSIS: _("Kjøre analyser"),
    P.SEE_RESULTS: _("Se frigitte resultater"),
    P.SEE_UNRELEASED: _("Se resultater som ikke er frigitt"),
    P.RELEASE_RESULTS: _("Frigi resultater"),
}
