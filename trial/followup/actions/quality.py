"""How follow-up is meant to be done in a trial, and how true to the method an office is."""

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.followup import policies, steps
from trial.followup.models import FidelityReview, Guidelines, Template
from trial.followup.queries.caseloads import keep_guidelines
from trial.followup.scales import SCALES
from trial.followup.sentences import obey
from trial.followup.states import Stage
from trial.studies.models import Office, Trial
from trial.studies.permissions import require

LIGHTEST, HEAVIEST = 10, 300  # hundredths of a person that a stage may weigh


@action
def set_guidelines(
    *,
    by: User,
    trial: Trial,
    template: str,
    supervisor_capacity: int,
    weights: Mapping[str, int],
    barred: Mapping[str, list[str]],
    days_to_assign: int,
    days_to_contact: int,
    version: int | None = None,
) -> Guidelines:
    """Set a trial's rules for follow-up.

    `weights`: stage -> hundredths of a person, empty for one each; `barred`: arm code -> Arena codes not allowed.

    Raises:
        Refusal: `not_allowed`, `changed_meanwhile`, `unknown_kind`, `weight_out_of_range`, `unknown_code`,
            `unknown_arm`, `days_out_of_range`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    steps.one_of(Template, template, "template")
    _possible_weights(weights)
    _known_codes(trial, barred)
    for field, days in (("days_to_assign", days_to_assign), ("days_to_contact", days_to_contact)):
        if days < 1:
            raise Refusal("days_out_of_range", _("Skriv antall dager, minst 1."), field=field, status=422)
    Trial.objects.select_for_update().get(pk=trial.pk)  # the first to set them has no row of guidelines to lock
    guidelines = Guidelines.objects.filter(trial=trial).first() or Guidelines(trial=trial)
    steps.at_version(guidelines, version)
    guidelines.template = template
    guidelines.supervisor_capacity = supervisor_capacity
    guidelines.weights, guidelines.barred = dict(weights), {arm: codes for arm, codes in barred.items() if codes}
    guidelines.days_to_assign, guidelines.days_to_contact = days_to_assign, days_to_contact
    guidelines.version += 1
    guidelines.changed_at, guidelines.changed_by = clock.now(), by
    guidelines.save()
    keep_guidelines(trial, guidelines)
    record(
        by=by,
        verb="guidelines_set",
        trial=trial.code,
        template=str(template),
        weights=guidelines.weights,
        barred=guidelines.barred,
        days=[days_to_assign, days_to_contact],
    )
    return guidelines


@action
def record_review(
    *,
    by: User,
    office: Office,
    scale: str,
    day: date,
    scores: Mapping[str, int],
    reviewers: str,
    remarks: str = "",
) -> FidelityReview:
    """Record how an office scored on a fidelity scale on a day; `scores`: every item -> 1 to 5.

    Raises:
        Refusal: `not_allowed`, `unknown_kind`, `item_unscored` (at the item), `reviewers_missing`, `in_future`,
            `reviewed_that_day`.
    """
    require(by, office.trial, Permission.SEE_CASELOADS, office)
    refuse_national_id(reviewers=reviewers, remarks=remarks)
    if scale not in SCALES:
        raise Refusal("unknown_kind", _("Velg en av verdiene i listen."), field="scale", status=422)
    obey(policies.decide_day(day, clock.today()), field="day")
    for item in SCALES[scale].unscored(scores):
        raise Refusal("item_unscored", _("Gi hvert punkt en verdi fra 1 til 5."), field=item.code, status=422)
    if not reviewers.strip():
        raise Refusal("reviewers_missing", _("Skriv hvem som har vurdert."), field="reviewers", status=422)
    kept = {item.code: scores[item.code] for item in SCALES[scale].items}
    said = {"scores": kept, "reviewers": reviewers.strip(), "remarks": remarks.strip(), "recorded_by": by}
    known = FidelityReview.objects.filter(office=office, scale=scale, day=day, **said).first()
    if known:
        return known  # a form sent twice
    reviewed = Refusal("reviewed_that_day", _("Kontoret er allerede vurdert med skalaen denne dagen."), field="day")
    with steps.kept_by("review_once_a_day", reviewed):
        review = FidelityReview.objects.create(
            trial=office.trial,
            office=office,
            scale=scale,
            day=day,
            total=sum(kept.values()),
            recorded_at=clock.now(),
            **said,
        )
    record(by=by, verb="fidelity_reviewed", trial=office.trial.code, subject=office.prefix, total=review.total)
    return review


def _possible_weights(weights: Mapping[str, int]) -> None:
    for stage, weight in weights.items():
        if stage not in Stage.__members__.values() or not LIGHTEST <= weight <= HEAVIEST:
            raise Refusal(
                "weight_out_of_range",
                _("Skriv vekten i hundredeler av en person, fra 10 til 300."),
                field=f"weight_{stage}",
                status=422,
            )


def _known_codes(trial: Trial, barred: Mapping[str, list[str]]) -> None:
    arms = set(trial.arms.values_list("code", flat=True))
    for arm, codes in barred.items():
        if arm not in arms:
            raise Refusal("unknown_arm", _("Forsøket har ingen slik gruppe."), field=f"barred_{arm}", status=422)
        if not measures().keys() >= set(codes):
            raise Refusal("unknown_code", _("Velg tiltak fra listen."), field=f"barred_{arm}", status=422)
