"""Addresses of this room."""

from django.urls import path

from trial.results import api, pages

app_name = "results"
HERE = "trials/<slug:trial>/results/"
API = "api/v1/trials/<slug:trial>/results/"

urlpatterns = [
    path(HERE, pages.results, name="results"),
    path("trials/<slug:trial>/runs/<uuid:run>/release/", pages.ask, name="ask"),
    path(f"{HERE}<uuid:key>/", pages.release, name="release"),
    path(f"{HERE}<uuid:key>/findings/<slug:name>/", pages.release, name="finding"),
    path(f"{HERE}<uuid:key>/release/", pages.let_out, name="let_out"),
    path(f"{HERE}<uuid:key>/refuse/", pages.keep_back, name="keep_back"),
    path(f"{HERE}<uuid:key>/results.json", pages.results_json, name="results_json"),
    path(f"{HERE}<uuid:key>/tables.xlsx", pages.tables_xlsx, name="tables_xlsx"),
    path(f"{HERE}<uuid:key>/<slug:name>.csv", pages.table_csv, name="table_csv"),
    path(f"{HERE}<uuid:key>/<slug:name>.svg", pages.figure, {"picture": "svg"}, name="figure_svg"),
    path(f"{HERE}<uuid:key>/<slug:name>.png", pages.figure, {"picture": "png"}, name="figure_png"),
    path(API, api.Results.as_view(), name="api_results"),
    path(f"{API}<uuid:key>/", api.OneRelease.as_view(), name="api_release"),
]
