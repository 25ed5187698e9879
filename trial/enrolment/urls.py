"""Addresses of this room."""

from django.urls import path

from trial.enrolment import api, conditions, display_pages, pages, person_pages, registration

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
    path(f"{NEW}/consent/screen/", registration.screen, name="screen"),
    path(f"{NEW}/summary/", registration.summary, name="summary"),
    path(f"{NEW}/discard/", registration.discard, name="discard"),
    path(f"{HERE}/<str:number>/", pages.participant, name="participant"),
    path(f"{HERE}/<str:number>/withdrawal/", pages.withdrawal, name="withdrawal"),
    path(f"{HERE}/<str:number>/person/", person_pages.correction, name="correction"),
    path(f"{HERE}/<str:number>/shield/", person_pages.shield, name="shield"),
    path(f"{HERE}/<str:number>/consents/<int:consent>/scan/", person_pages.scan, name="scan"),
    path(f"{HERE}/<str:number>/consents/<int:consent>/scan.pdf", person_pages.scan_file, name="scan_file"),
    path(f"{HERE}/<str:number>/extract.pdf", person_pages.extract_pdf, name="extract_pdf"),
    path(f"{HERE}/<str:number>/extract.json", person_pages.extract_json, name="extract_json"),
    path("trials/<slug:trial>/displays/", display_pages.displays, name="displays"),
    path("trials/<slug:trial>/conditions/letter.pdf", person_pages.letter, name="letter"),
    path(f"{API}/eligibility-checks/", api.EligibilityChecks.as_view(), name="api_checks"),
    path(f"{API}/participants/", api.Participants.as_view(), name="api_participants"),
    path(f"{API}/participants/<str:number>/", api.OneParticipant.as_view(), name="api_participant"),
    path(f"{API}/participants/<str:number>/consents/", api.Consents.as_view(), name="api_consents"),
    path(f"{API}/participants/<str:number>/withdrawal/", api.Withdrawals.as_view(), name="api_withdrawal"),
]
