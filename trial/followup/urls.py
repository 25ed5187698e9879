"""Addresses of this room."""

from django.urls import path

from trial.access.addresses import one_of
from trial.enrolment.sections import register
from trial.followup import api, pages, sections
from trial.followup import listeners as _listeners  # noqa: F401 - known by being imported
from trial.followup.acts import ACTS

one_of("act", ACTS)
register(sections.follow_up)

app_name = "followup"
urlpatterns = [
    path("trials/<slug:trial>/caseloads/", pages.caseloads, name="caseloads"),
    path("trials/<slug:trial>/specialists/new/", pages.appoint, name="appoint"),
    path("trials/<slug:trial>/specialists/<int:key>/", pages.position, name="position"),
    path("trials/<slug:trial>/specialists/<int:key>/portfolio/", pages.colleague, name="colleague"),
    path("trials/<slug:trial>/portfolio/", pages.portfolio, name="portfolio"),
    path("trials/<slug:trial>/participants/<str:number>/follow-up/", pages.follow_up, name="follow_up"),
    path("trials/<slug:trial>/participants/<str:number>/follow-up/<act:act>/", pages.act, name="act"),
    path("trials/<slug:trial>/participants/<str:number>/follow-up/<act:act>/form/", pages.act_form, name="act_form"),
    path("trials/<slug:trial>/measures/<int:key>/end/", pages.end_measure, name="end_measure"),
    path("trials/<slug:trial>/deviations/", pages.deviations, name="deviations"),
    path("api/v1/trials/<slug:trial>/caseloads/", api.Caseloads.as_view(), name="api_caseloads"),
    path("api/v1/trials/<slug:trial>/contacts/", api.Contacts.as_view(), name="api_contacts"),
    path("api/v1/trials/<slug:trial>/measures/", api.Measures.as_view(), name="api_measures"),
]
