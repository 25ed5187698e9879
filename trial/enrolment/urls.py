"""Addresses of this room."""

from django.urls import path

from trial.enrolment import api, conditions, pages, registration

HERE = "trials/<slug:trial>/participants"
NEW = f"{HERE}/new/<uuid:key>"
API = "api/v1/trials/<slug:trial>"

app_name = "enrolment"
urlpatterns = [
    path("trials/<slug:trial>/conditions/", conditions.conditions, name="conditions"),
    path("trials/<slug:trial>/conditions/criteria/", conditions.criteria, name="criteria"),
    path("trials/<slug:trial>/conditions/consent-form/", conditions.publish, name="publish"),
    path(f"{HERE}/", pages.participants, name="participants"),
    path(f"{HERE}/search/", pages.search, name="search"),
    path(f"{HERE}/new/", registration.eligibility, name="new"),
    path(f"{NEW}/", registration.eligibility, name="eligibility"),
    path(f"{NEW}/person/", registration.person, name="person"),
    path(f"{NEW}/consent/", registration.consent, name="consent"),
    path(f"{NEW}/summary/", registration.summary, name="summary"),
    path(f"{NEW}/discard/", registration.discard, name="discard"),
    path(f"{HERE}/<str:number>/", pages.participant, name="participant"),
    path(f"{HERE}/<str:number>/withdrawal/", pages.withdrawal, name="withdrawal"),
    path(f"{API}/eligibility-checks/", api.EligibilityChecks.as_view(), name="api_checks"),
    path(f"{API}/participants/", api.Participants.as_view(), name="api_participants"),
    path(f"{API}/participants/<str:number>/", api.OneParticipant.as_view(), name="api_participant"),
    path(f"{API}/participants/<str:number>/consents/", api.Consents.as_view(), name="api_consents"),
    path(f"{API}/participants/<str:number>/withdrawal/", api.Withdrawals.as_view(), name="api_withdrawal"),
]
