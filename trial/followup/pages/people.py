"""Pages about people: a specialist's portfolio, and one person's follow-up with everything done about it."""

from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.enrolment.displays import show
from trial.enrolment.models import Participant
from trial.enrolment.queries import names_for, participant_for
from trial.followup import actions
from trial.followup.acts import ACTS, Rights
from trial.followup.forms import ContactForm, EndMeasureForm, JobChangeForm
from trial.followup.models import EmploymentSpecialist, Measure
from trial.followup.pages.parts import with_new_key, with_present
from trial.followup.queries import ByStage, Course, course_of, measure_for, portfolio_of, specialist_for
from trial.followup.queries.work import job_for
from trial.studies.models import Trial
from trial.studies.queries import trial_for

CONTACTS_SHOWN = 20


@require_GET
def portfolio(request: SignedInRequest, trial: str) -> HttpResponse:
    """The user's own people by stage."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    return _portfolio(request, found, portfolio_of(request.user, found))


@require_GET
def colleague(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """A specialist's people, for the supervisor of the office."""
    found = trial_for(request.user, trial, needing=Permission.ASSIGN)
    specialist = specialist_for(request.user, found, key, needing=Permission.ASSIGN)
    return _portfolio(request, found, portfolio_of(specialist.user, found), specialist)


@require_GET
def follow_up(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """One person's follow-up, with everything that the user may do about it."""
    return _follow_up(request, _participant(request, trial, number), {})


@require_GET
def history(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """A person's stages, the enquiries made and what was corrected: alone when script asks for it, else on a page."""
    participant = _participant(request, trial, number)
    course = course_of(participant, contacts=0)
    rights = Rights.of(request.user, course)
    context = {
        "trial": participant.trial,
        "participant": participant,
        "course": course,
        "enquiries": [(each, rights.corrects(each)) for each in course.enquiries],
    }
    if request.htmx:
        return render(request, "followup/history.html", context)
    show(by=request.user, participant=participant, what="follow_up")
    return render(request, "followup/history_page.html", context)


@require_GET
def act_form(request: SignedInRequest, trial: str, number: str, act: str) -> HttpResponse:
    """The form of one of `ACTS`: alone when script asks for it, else on the person's page."""
    participant = _participant(request, trial, number)
    course = course_of(participant, contacts=0)
    if not ACTS[act].offered(Rights.of(request.user, course), course):
        return redirect("followup:follow_up", trial, number)
    form = _form_of(act, course, None)
    if not request.htmx:
        return _follow_up(request, participant, {act: form})
    context = {"trial": participant.trial, "participant": participant, "name": act, "act": ACTS[act], "form": form}
    return render(request, "followup/act_form.html", context)


@require_POST
def act(request: SignedInRequest, trial: str, number: str, act: str) -> HttpResponse:
    """Carry out one of `ACTS` for a person; back to where it was asked for, or to the form with what is wrong."""
    participant = _participant(request, trial, number)
    form = _form_of(act, course_of(participant, contacts=0), request.POST)
    if perform(form, ACTS[act].action, by=request.user, participant=participant) is None:
        return _follow_up(request, participant, {act: with_new_key(with_present(form))})
    messages.success(request, _("Lagret."))
    if request.POST.get("from") == "portfolio":
        return redirect("followup:portfolio", trial)
    return redirect("followup:follow_up", trial, number)


@require_POST
def end_measure(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Set the last day of a measure."""
    measure = measure_for(request.user, trial_for(request.user, trial), key)
    form = _end_form(measure, request.POST)
    if perform(form, actions.end_measure, by=request.user, measure=measure) is None:
        return _follow_up(request, measure.participant, {f"end-{key}": form})
    return redirect("followup:follow_up", trial, measure.participant.number)


@require_http_methods(["GET", "POST"])
def job(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Change a job's hours or terms, or end it."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    present = job_for(request.user, found, key)
    form = JobChangeForm(request.POST or None, initial=JobChangeForm.initial_of(present))
    if perform(form, actions.change_job, by=request.user, job=present):
        messages.success(request, _("Lagret."))
        return redirect("followup:follow_up", trial, present.participant.number)
    return render(request, "followup/job.html", {"trial": found, "form": with_present(form), "job": present})


def _portfolio(
    request: SignedInRequest, trial: Trial, by_stage: ByStage, specialist: EmploymentSpecialist | None = None
) -> HttpResponse:
    keys = [followed.participant.key for _stage, _label, people in by_stage for followed in people]
    names = names_for(request.user, trial, keys)
    stages = [
        (stage, label, [(followed, names.get(followed.participant.key, "")) for followed in people])
        for stage, label, people in by_stage
    ]
    context = {"trial": trial, "stages": stages, "specialist": specialist, "spare": _spare()}
    return render(request, "followup/portfolio.html", context)


def _spare() -> ContactForm:
    """The form of a contact for anybody, for when there is no network to fetch a person's own."""
    return ContactForm(auto_id="spare-%s")


def _participant(request: SignedInRequest, trial: str, number: str) -> Participant:
    """Follow-up holds free text about people: it is read by those who may know who they are."""
    found = trial_for(request.user, trial)
    return participant_for(request.user, found, number, needing=Permission.SEE_IDENTITY)


def _follow_up(request: SignedInRequest, participant: Participant, bound: Mapping[str, forms.Form]) -> HttpResponse:
    course = course_of(participant, contacts=CONTACTS_SHOWN)
    rights = Rights.of(request.user, course)
    offered = [
        {"name": name, "act": act, "form": bound.get(name)}
        for name, act in ACTS.items()
        if name in bound or act.offered(rights, course)
    ]
    person = show(by=request.user, participant=participant, what="follow_up")
    context = {
        "trial": participant.trial,
        "participant": participant,
        "name": person.name if person else "",
        "course": course,
        "contacts": [(each, rights.corrects(each)) for each in course.contacts],
        "jobs": [(each, rights.corrects(each)) for each in course.jobs],
        "measures": [
            (each, course.beside(each), course.before_work(each), rights.corrects(each)) for each in course.measures
        ],
        "rights": rights,
        "offered": offered,
        "spare": None if rights.contaminates else _spare(),
        "endings": [
            (each, bound.get(f"end-{each.pk}") or _end_form(each)) for each in course.measures if not each.ended_at
        ],
    }
    return render(request, "followup/follow_up.html", context)


def _form_of(act: str, course: Course, data: Mapping[str, str] | None) -> forms.Form:
    """The form of an act, with ids of its own: several forms stand on a page, some of them about other people."""
    form = ACTS[act].form(course, data)
    form.auto_id = f"{course.participant.number}-{act}-%s"
    return form


def _end_form(measure: Measure, data: Mapping[str, str] | None = None) -> EndMeasureForm:
    return EndMeasureForm(data, auto_id=f"measure-{measure.pk}-%s")
