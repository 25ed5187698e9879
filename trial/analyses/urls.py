"""Addresses of this room."""

from django.urls import path

from trial.analyses import api, pages

app_name = "analyses"
PLANS = "trials/<slug:trial>/plans/"
RUNS = "trials/<slug:trial>/runs/"
API = "api/v1/trials/<slug:trial>/runs/"

urlpatterns = [
    path(PLANS, pages.plans, name="plans"),
    path(f"{PLANS}new/", pages.propose, name="propose"),
    path(f"{PLANS}<int:version>/", pages.plan, name="plan"),
    path(f"{PLANS}<int:version>/plan.json", pages.plan_json, name="plan_json"),
    path(f"{PLANS}<int:version>/lock/", pages.lock, name="lock"),
    path(f"{PLANS}<int:version>/rehearse/", pages.rehearse, name="rehearse"),
    path(f"{PLANS}<int:version>/run/", pages.start, name="start"),
    path(f"{PLANS}<int:version>/explore/", pages.explore, name="explore"),
    path(RUNS, pages.runs, name="runs"),
    path(f"{RUNS}<uuid:key>/", pages.run, name="run"),
    path(f"{RUNS}<uuid:key>/findings/<slug:name>/", pages.run, name="finding"),
    path(f"{RUNS}<uuid:key>/cancel/", pages.cancel, name="cancel"),
    path(f"{RUNS}<uuid:key>/results.json", pages.results_json, name="results_json"),
    path(f"{RUNS}<uuid:key>/manifest.json", pages.manifest_json, name="manifest_json"),
    path(f"{RUNS}<uuid:key>/tables.xlsx", pages.tables_xlsx, name="tables_xlsx"),
    path(f"{RUNS}<uuid:key>/<slug:name>.csv", pages.table_csv, name="table_csv"),
    path(f"{RUNS}<uuid:key>/<slug:name>.svg", pages.figure, {"picture": "svg"}, name="figure_svg"),
    path(f"{RUNS}<uuid:key>/<slug:name>.png", pages.figure, {"picture": "png"}, name="figure_png"),
    path(API, api.Runs.as_view(), name="api_runs"),
    path(f"{API}<uuid:key>/", api.OneRun.as_view(), name="api_run"),
]
