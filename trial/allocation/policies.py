"""What is right just now: what may be locked, drawn and opened."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal
from trial.allocation.models import Allocation, Cluster, Protocol
from trial.allocation.protocols import Document
from trial.studies.models import Trial
from trial.studies.states import TrialState, next_state

DRAWABLE = {TrialState.RECRUITING, TrialState.CLOSED, TrialState.DATA_LOCKED}  # whoever is enrolled is drawn
OPEN = {TrialState.OPENED, TrialState.ARCHIVED}
PATIENCE = timedelta(minutes=5)  # an unattended place without an arm for longer is a fault


def second_person(first: User, second: User) -> None:
    """Refuse where the person who asked would also decide."""
    if first.pk == second.pk:
        raise Refusal("same_person", _("En annen person enn den som foreslo dette, må godkjenne det."), status=403)


def may_lock(trial: Trial, protocol: Protocol, again: str) -> None:
    """Refuse to lock a proposal that is decided on already, or whose trial was changed after it."""
    if protocol.approved_at:
        raise Refusal("protocol_locked", _("Protokollen er allerede låst."))
    next_state(trial.state, TrialState.LOCKED)
    if protocol.text != again:
        raise Refusal(
            "protocol_outdated", _("Oppsettet er endret etter at protokollen ble foreslått. Foreslå den på nytt.")
        )


def needs_reason(report: Mapping[str, object], reason: str) -> None:
    """Refuse a foreseeable design without a written reason."""
    if report["needs_reason"] and not reason.strip():
        raise Refusal(
            "reason_missing",
            _("Trekningen er lett å forutse med denne metoden. Skriv hvorfor metoden likevel er valgt."),
            field="reason",
            status=422,
        )


def can_be_drawn(document: Document, stratum: str, factors: Mapping[str, str]) -> None:
    """Refuse a place that the protocol could never draw for."""
    if stratum not in document.content["strata"]:
        raise Refusal("unknown_stratum", _("Kontoret er ikke med i protokollen det trekkes etter."))
    needed = document.method.get("factors", {}) if document.whole_trial else {}
    if any(factors.get(factor) not in document.content["factors"].get(factor, []) for factor in needed):
        raise Refusal("factor_missing", _("Alle opplysninger som loddtrekningen bygger på må fylles ut."))


def may_draw(trial: Trial, document: Document, commitment: str) -> None:
    """Refuse draws that are not the researcher's to make, or with another key than the protocol names."""
    if not document.attended:
        raise Refusal("not_attended", _("I dette forsøket trekkes det straks kontoret melder inn."))
    drawable(trial)
    if commitment != document.content["commitments"]["researcher"]:
        raise Refusal("wrong_key", _("Nøkkelfilen hører ikke til dette forsøket. Ingenting er trukket."), status=422)


def drawable(trial: Trial) -> None:
    """Refuse outside the states in which people who are enrolled are drawn."""
    if trial.state not in DRAWABLE:
        raise Refusal("wrong_trial_state", _("Det kan ikke trekkes i forsøket nå."))


def recruiting(trial: Trial) -> None:
    """Refuse offices a place outside recruitment: nobody could be enrolled there, and the opening would wait for it."""
    if trial.state != TrialState.RECRUITING:
        raise Refusal("wrong_trial_state", _("Forsøket tar ikke imot kontorer nå."))


def may_open(trial: Trial) -> None:
    """Refuse to open before the data are locked, or while someone enrolled is not drawn."""
    next_state(trial.state, TrialState.OPENED)
    if any(model.objects.filter(trial=trial, arm=None).exists() for model in (Allocation, Cluster)):
        raise Refusal("still_waiting", _("Noen venter fortsatt på loddtrekning. Trekk for dem først."))


def opened(trial: Trial) -> None:
    """Refuse the bundle before the trial is opened."""
    if trial.state not in OPEN:
        raise Refusal("not_opened", _("Forsøket er ikke åpnet ennå."))
