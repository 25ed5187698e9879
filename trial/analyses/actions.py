"""Plans are proposed and locked by two persons; runs are asked for, cancelled, and carried out by the worker."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from evaluation.canonical import plain
from evaluation.errors import EvaluationError
from evaluation.plan import Plan as PlanOfAnalysis
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.analyses.models import Plan, Result, Run
from trial.analyses.policies import arms_unmasked
from trial.analyses.states import RunState, next_state
from trial.audit import clock
from trial.audit.actions import action, post, record
from trial.audit.queue import after_commit
from trial.registers.coverage import uncovered_registers
from trial.registers.models import Delivery
from trial.registers.queries import in_force
from trial.studies.actions import fix_plan
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.sources import REGISTERS
from trial.studies.states import TrialState

RUN_TASK = "trial.analyses.tasks.run_plan"
MOST_ATTEMPTS = 3


class NoLongerOurs(Exception):  # noqa: N818 - a statement: the run was cancelled, or another worker took it up
    """The run at hand is not this worker's any more; whatever it finds is thrown away."""


@action
def propose_plan(*, by: User, trial: Trial, content: Mapping[str, Any]) -> Plan:
    """Keep a plan as canonical JSON, as the next version.

    Raises:
        Refusal: `not_allowed`, `plan_closed` after the protocol's lock, `plan_invalid`, `plan_unchanged`.
    """
    require(by, trial, Permission.LOCK_PLAN)
    _still_drafting(trial)
    parsed = _parsed(trial, content)
    _refuse_strange_arms(trial, parsed, "content")
    Trial.objects.select_for_update().get(pk=trial.pk)
    if trial.plans.filter(sha256=parsed.sha256).exists():
        raise Refusal("plan_unchanged", _("Denne planen er allerede foreslått."), field="content")
    version = (trial.plans.aggregate(last=Max("version"))["last"] or 0) + 1
    plan = Plan.objects.create(
        trial=trial,
        version=version,
        text=parsed.canonical.decode(),
        sha256=parsed.sha256,
        proposed_at=clock.now(),
        proposed_by=by,
    )
    record(by=by, verb="plan_proposed", trial=trial.code, subject=str(plan.pk), sha256=plan.sha256)
    return plan


@action
def lock_plan(*, by: User, plan: Plan) -> Plan:
    """Lock a plan as the second person; the trial names its hash from here on.

    Raises:
        Refusal: `not_allowed`, `plan_closed`, `second_person_needed`, `plan_locked_already`, `plan_invalid` where the
            trial's arms have changed since it was proposed.
    """
    require(by, plan.trial, Permission.LOCK_PLAN)
    trial = Trial.objects.select_for_update().get(pk=plan.trial_id)
    _still_drafting(trial)
    if plan.proposed_by_id == by.pk:
        raise Refusal("second_person_needed", _("En annen enn den som foreslo planen, må låse den."))
    if trial.plans.filter(locked_at__isnull=False).exists():
        raise Refusal("plan_locked_already", _("Forsøket har allerede en låst analyseplan."))
    _refuse_strange_arms(trial, _parsed(trial, plan.content), "content")
    fix_plan(by=by, trial=trial, sha256=plan.sha256)
    record(by=by, verb="plan_locked", trial=trial.code, subject=str(plan.pk), sha256=plan.sha256)
    return plan.changed(locked_at=clock.now(), locked_by=by)


@action
def request_run(
    *, by: User, plan: Plan, masked: bool, deviations: Mapping[str, Any] | None = None, reason: str = ""
) -> Run:
    """Queue a run of a plan on the deliveries in force. `masked`: a rehearsal on shuffled arms.

    `deviations`: fields of the plan that are to be done otherwise; the run is then exploratory and needs a reason. The
    seed follows from the plan's hash, so that nobody can look for a convenient one.

    Raises:
        Refusal: `not_allowed`, `data_not_locked` or `plan_not_locked` for the true run, `no_deliveries`,
            `data_destroyed` after the date until which registers are kept, `register_not_consented` for a delivered
            register that no consent covers any more; `plan_invalid`, `no_deviation` or `reason_needed` for deviations.
    """
    trial = plan.trial
    require(by, trial, Permission.RUN_ANALYSIS)
    if not masked:
        _may_unmask(plan)
    deliveries = in_force(trial)
    if not deliveries:
        raise Refusal("no_deliveries", _("Ingen leveranser er godkjent ennå."))
    _refuse_destroyed(deliveries)
    delivered = {register: delivery.snapshot for register, delivery in deliveries.items()}
    departing = _departing(plan, deviations, reason) if deviations is not None else {}
    _consented(trial, delivered)
    run = Run.objects.create(
        trial=trial,
        plan=plan,
        masked=masked,
        seed=int(plan.sha256[:12], 16),
        deliveries=dict(sorted(delivered.items())),
        deviations=departing,
        reason=reason.strip() if departing else "",
        requested_at=clock.now(),
        requested_by=by,
    )
    named = {"masked": masked, "plan": plan.sha256, "deviations": sorted(departing)}
    record(by=by, verb="run_requested", trial=trial.code, subject=str(run.pk), **named)
    after_commit(RUN_TASK, str(run.pk), trial.pk)
    return run


@action
def cancel_run(*, by: User, run: Run) -> Run:
    """Stop a run that is queued or under way; a worker that has it notices at its next step.

    Raises:
        Refusal: `not_allowed`, `wrong_run_state`.
    """
    require(by, run.trial, Permission.RUN_ANALYSIS)
    locked = _locked(run)
    moment = clock.now()
    locked.changed(
        state=next_state(locked.state, RunState.CANCELLED), cancelled_at=moment, cancelled_by=by, finished=moment
    )
    record(by=by, verb="run_cancelled", trial=run.trial.code, subject=str(run.pk))
    return locked


@action
def begin_run(*, by: None, run: Run) -> Run | None:
    """Take a run up as the next attempt; None when there is nothing to do. Its worker must hold the run `alone`."""
    locked = _locked(run)
    if not locked.under_way:
        return None
    if locked.attempt >= MOST_ATTEMPTS:
        _fail(locked, "gave_up", "")
        return None
    return locked.changed(
        state=next_state(locked.state, RunState.RUNNING),
        attempt=locked.attempt + 1,
        started=clock.now(),
        progress_done=0,
        progress_total=0,
        progress_label="",
    )


@action
def report_progress(*, by: None, run: Run, done: int, total: int, label: str) -> None:
    """Tell how far the run has come.

    Raises:
        NoLongerOurs: when it was cancelled, or taken up by another worker.
    """
    _ours(run).changed(progress_done=done, progress_total=total, progress_label=label[:200])


@action
def finish_run(*, by: None, run: Run, findings: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Run:
    """Store what a run found, once, and close it.

    Raises:
        NoLongerOurs: as in `report_progress`; nothing is stored.
    """
    locked = _ours(run)
    Result.objects.bulk_create(
        Result(trial=locked.trial, run=locked, position=place, **finding) for place, finding in enumerate(findings)
    )
    locked.changed(state=next_state(locked.state, RunState.DONE), finished=clock.now(), manifest=dict(manifest))
    record(by=by, verb="run_done", trial=locked.trial.code, subject=str(locked.pk), attempt=locked.attempt)
    post(kind="run_done", to=locked.requested_by.username, run=str(locked.pk), trial=locked.trial.code)
    return locked


@action
def fail_run(*, by: None, run: Run, code: str, sentence: str) -> Run:
    """Close a run that cannot be made, with the reason that its reader needs.

    Raises:
        NoLongerOurs: as in `report_progress`.
    """
    return _fail(_ours(run), code, sentence)


def _fail(run: Run, code: str, sentence: str) -> Run:
    run.changed(
        state=next_state(run.state, RunState.FAILED), finished=clock.now(), error_code=code, error=sentence[:1000]
    )
    record(by=None, verb="run_failed", trial=run.trial.code, subject=str(run.pk), code=code)
    post(kind="run_failed", to=run.requested_by.username, run=str(run.pk), trial=run.trial.code)
    return run


def _ours(run: Run) -> Run:
    locked = _locked(run)
    if locked.state != RunState.RUNNING or locked.attempt != run.attempt:
        raise NoLongerOurs
    return locked


def _locked(run: Run) -> Run:
    return Run.objects.select_for_update(of=("self",)).select_related("trial", "plan", "requested_by").get(pk=run.pk)


def _parsed(trial: Trial, content: Mapping[str, Any], field: str = "content") -> PlanOfAnalysis:
    try:
        parsed = PlanOfAnalysis.from_dict(content)
    except EvaluationError as error:
        raise Refusal(error.code, str(error), field=field, status=422) from None
    if parsed.trial != trial.code:
        raise Refusal("plan_of_another_trial", _("Planen er for et annet forsøk."), field=field, status=422)
    return parsed


def _refuse_strange_arms(trial: Trial, parsed: PlanOfAnalysis, field: str) -> None:
    """A rehearsal calls the arms A and B, so that a misspelt one would first be found when the data are locked."""
    arms = list(trial.arms.order_by("position").values_list("code", flat=True))
    declared = [str(code) for code, _ratio in parsed.design.get("arms", ())]
    named = [parsed.control, *declared, *(arm for ratios in parsed.ratios.values() for arm in ratios)]
    for arm in named if arms else ():
        if arm not in arms:
            sentence = _("Planen nevner gruppen «%(arm)s», men forsøkets grupper er %(arms)s.")
            raise Refusal("plan_invalid", sentence % {"arm": arm, "arms": ", ".join(arms)}, field=field, status=422)


def _departing(plan: Plan, deviations: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The fields that really differ from the plan, as its canonical JSON spells them."""
    refuse_national_id(reason=reason)
    carried_out = _parsed(plan.trial, plan.content | dict(deviations), "deviations")
    _refuse_strange_arms(plan.trial, carried_out, "deviations")
    planned, done = _spelled_out(_parsed(plan.trial, plan.content, "deviations")), _spelled_out(carried_out)
    differing = {name: done[name] for name in done if done[name] != planned[name]}
    if not differing:
        raise Refusal("no_deviation", _("Dette er som i planen. Kjør planen som den er."), field="deviations")
    if not reason.strip():
        raise Refusal("reason_needed", _("Skriv hvorfor det avvikes fra planen."), field="reason", status=422)
    return differing


def _spelled_out(parsed: PlanOfAnalysis) -> dict[str, Any]:
    """Every field, also those that canonical JSON leaves out where they are empty: emptying one is a departure too."""
    return {part.name: plain(getattr(parsed, part.name)) for part in fields(parsed)}


def _still_drafting(trial: Trial) -> None:
    if trial.state != TrialState.DRAFTING:
        raise Refusal("plan_closed", _("Protokollen er låst, og analyseplanen med den."))


def _refuse_destroyed(deliveries: Mapping[str, Delivery]) -> None:
    gone = [str(REGISTERS[register]) for register, delivery in deliveries.items() if delivery.destroyed_at]
    if gone:
        sentence = _("Dataene er slettet, siden lagringstiden er over: %(registers)s. Ingen kjøring kan bruke dem.")
        raise Refusal("data_destroyed", sentence % {"registers": ", ".join(gone)})


def _consented(trial: Trial, delivered: Mapping[str, str]) -> None:
    for register, people in uncovered_registers(trial, delivered).items():
        raise Refusal(
            "register_not_consented",
            _("Ingen samtykker dekker %(register)s. Registeret kan ikke brukes for noen av de %(people)s deltakerne.")
            % {"register": REGISTERS[register], "people": people},
        )


def _may_unmask(plan: Plan) -> None:
    if not arms_unmasked(plan.trial):
        raise Refusal("data_not_locked", _("Gruppene er skjult til data er låst. Kjør planen som prøve."))
    if plan.locked_at is None:
        raise Refusal("plan_not_locked", _("Bare den låste planen kan kjøres på de virkelige gruppene."))
