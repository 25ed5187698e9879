"""Addresses of this room."""

from django.urls import path

from trial.access.addresses import one_of
from trial.enrolment import extract
from trial.enrolment.sections import register
from trial.followup import api, extracts, sections
from trial.followup import listeners as _listeners  # noqa: F401 - known by being imported
from trial.followup.acts import ACTS
from trial.followup.corrections import CORRECTED
from trial.followup.pages import caseloads, corrections, deviations, people, quality, work
from trial.followup.scales import SCALES

one_of("act", ACTS)
one_of("record", CORRECTED)
one_of("scale", SCALES)
register(sections.follow_up)
extract.register(extracts.follow_up)

app_name = "followup"
PERSON = "trials/<slug:trial>/participants/<str:number>/follow-up/"
urlpatterns = [
    path("trials/<slug:trial>/caseloads/", caseloads.caseloads, name="caseloads"),
    path("trials/<slug:trial>/specialists/new/", caseloads.appoint, name="appoint"),
    path("trials/<slug:trial>/specialists/<int:key>/", caseloads.position, name="position"),
    path("trials/<slug:trial>/specialists/<int:key>/absence/", caseloads.absence, name="absence"),
    path("trials/<slug:trial>/absences/<int:key>/cancel/", caseloads.cancel_absence, name="cancel_absence"),
    path("trials/<slug:trial>/specialists/<int:key>/portfolio/", people.colleague, name="colleague"),
    path("trials/<slug:trial>/portfolio/", people.portfolio, name="portfolio"),
    path(PERSON, people.follow_up, name="follow_up"),
    path(f"{PERSON}history/", people.history, name="history"),
    path(f"{PERSON}<act:act>/", people.act, name="act"),
    path(f"{PERSON}<act:act>/form/", people.act_form, name="act_form"),
    path("trials/<slug:trial>/measures/<int:key>/end/", people.end_measure, name="end_measure"),
    path("trials/<slug:trial>/jobs/<int:key>/", people.job, name="job"),
    path("trials/<slug:trial>/employers/", work.employers, name="employers"),
    path("trials/<slug:trial>/employers/new/", work.add_employer, name="add_employer"),
    path("trials/<slug:trial>/employers/<int:key>/", work.employer, name="employer"),
    path("trials/<slug:trial>/employers/<int:key>/change/", work.change_employer, name="change_employer"),
    path("trials/<slug:trial>/guidelines/", quality.guidelines, name="guidelines"),
    path("trials/<slug:trial>/norms/", quality.norms, name="norms"),
    path("trials/<slug:trial>/fidelity/<scale:scale>/", quality.fidelity, name="fidelity"),
    path("trials/<slug:trial>/fidelity/<scale:scale>/new/", quality.review, name="review"),
    path("trials/<slug:trial>/fidelity-reviews/<int:key>/", quality.reviewed, name="reviewed"),
    path("trials/<slug:trial>/measures/usage/", quality.usage, name="usage"),
    path("trials/<slug:trial>/deviations/", deviations.deviations, name="deviations"),
    path("trials/<slug:trial>/deviations/find/", deviations.find, name="find_deviations"),
    path("trials/<slug:trial>/deviations/<int:key>/", deviations.resolve, name="resolve_deviation"),
    path("trials/<slug:trial>/deviations/<int:key>/take-back/", deviations.take_back, name="take_back_deviation"),
    path("trials/<slug:trial>/records/<record:record>/<str:key>/", corrections.correct, name="correct"),
    path("trials/<slug:trial>/records/<record:record>/<str:key>/take-back/", corrections.take_back, name="take_back"),
    path("api/v1/trials/<slug:trial>/caseloads/", api.Caseloads.as_view(), name="api_caseloads"),
    path("api/v1/trials/<slug:trial>/contacts/", api.Contacts.as_view(), name="api_contacts"),
    path(
        "api/v1/trials/<slug:trial>/contacts/<uuid:key>/correction/",
        api.ContactCorrection.as_view(),
        name="api_correct_contact",
    ),
    path(
        "api/v1/trials/<slug:trial>/contacts/<uuid:key>/retraction/",
        api.TakingBack.as_view(record="contact"),
        name="api_take_back_contact",
    ),
    path("api/v1/trials/<slug:trial>/measures/", api.Measures.as_view(), name="api_measures"),
    path(
        "api/v1/trials/<slug:trial>/measures/<int:key>/correction/",
        api.MeasureCorrection.as_view(),
        name="api_correct_measure",
    ),
    path(
        "api/v1/trials/<slug:trial>/measures/<int:key>/retraction/",
        api.TakingBack.as_view(record="measure"),
        name="api_take_back_measure",
    ),
]
