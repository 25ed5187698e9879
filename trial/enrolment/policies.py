"""What is right just now: who may be enrolled, and which answers are complete."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.enrolment.models import Consent, ConsentForm, Criterion, EligibilityCheck, Participant
from trial.enrolment.standing import Standing
from trial.enrolment.states import BEFORE_ENROLMENT, ParticipantState
from trial.studies.models import Office, Trial
from trial.studies.states import TrialState


def may_enrol(participant: Participant, standing: Standing | None = None) -> Consent:
    """The gate before the draw. Returns the consent in force, which the allocation log names by its hash.

    `standing`: what was read for it in a round trip with other things; read now where it is left out.

    Raises:
        Refusal: `trial_not_recruiting`, `office_not_recruiting`, `already_enrolled`, `withdrawn`, `not_eligible`,
            `factor_missing`, `consent_missing` or `consent_outdated`; the first that applies, in this order.
    """
    may_recruit(participant.trial, participant.office)
    not_enrolled_yet(participant)
    now = standing or Standing.taken(Standing.asked(participant))
    eligible_still(now.check, participant.trial)
    return consent_to(published(now.form), now.consent)


def may_recruit(trial: Trial, office: Office) -> None:
    """Refuse where the trial or the office does not recruit."""
    if trial.state != TrialState.RECRUITING:
        raise Refusal("trial_not_recruiting", _("Forsøket tar ikke imot nye deltakere nå."))
    if not office.recruits:
        raise Refusal("office_not_recruiting", _("Kontoret tar ikke imot nye deltakere nå."))


def not_enrolled_yet(participant: Participant) -> None:
    """Refuse whoever has a place in the draw already, or has withdrawn."""
    if participant.state == ParticipantState.WITHDRAWN:
        raise Refusal("withdrawn", _("Personen har trukket seg og kan ikke meldes inn."))
    if participant.state not in BEFORE_ENROLMENT:
        raise Refusal("already_enrolled", _("Deltakeren er allerede meldt inn i forsøket."))


def eligible_still(check: EligibilityCheck, trial: Trial) -> None:
    """Refuse unless every question is answered as required and every factor of the draw has one of its levels."""
    if not check.eligible:
        raise Refusal("not_eligible", _("Personen oppfyller ikke alle kravene for å delta."))
    for factor, levels in trial.factors.items():
        if check.factors.get(factor) not in levels:
            raise Refusal("factor_missing", _("Alle opplysninger som loddtrekningen bygger på må fylles ut."))


def consent_to(form: ConsentForm, consent: Consent | None) -> Consent:
    """The consent, if it is to this very version of the form."""
    if consent is None:
        raise Refusal("consent_missing", _("Personen har ikke gitt samtykke til å delta."))
    if consent.form_id != form.pk:
        raise Refusal(
            "consent_outdated",
            _("Samtykkeskjemaet er endret siden personen samtykket. Be om samtykke til den nye versjonen."),
        )
    return consent


def current_form(trial: Trial) -> ConsentForm:
    """The newest consent form.

    Raises:
        Refusal: `consent_form_missing` where none is published.
    """
    return published(ConsentForm.objects.filter(trial=trial).order_by("-version").first())


def published(form: ConsentForm | None) -> ConsentForm:
    """The form, where there is one. Raises Refusal: `consent_form_missing`."""
    if form is None:
        raise Refusal("consent_form_missing", _("Forsøket har ikke noe samtykkeskjema ennå."))
    return form


def consent_in_force(participant: Participant) -> Consent | None:
    """The newest consent that is not withdrawn."""
    return participant.consents.filter(withdrawn_at=None).select_related("form").order_by("-given_at", "-id").first()


def is_eligible(criteria: list[Criterion], answers: Mapping[str, Any]) -> bool | None:
    """Whether the answers let someone take part; None while a question is open."""
    given = [answers.get(criterion.code) for criterion in criteria]
    if any(answer is None for answer in given):
        return None
    return all(answer == criterion.required for answer, criterion in zip(given, criteria, strict=True))
