"""Addresses of this room."""

from django.urls import path

from trial.access.addresses import one_of
from trial.monitoring import pages
from trial.monitoring.lists import STEPS
from trial.monitoring.presentation import TABLES
from trial.monitoring.reports import TITLES

one_of("flowstep", STEPS)
one_of("monitoringtable", TABLES)
one_of("monitoringreport", TITLES)

HERE = "trials/<slug:trial>/monitoring"

app_name = "monitoring"
urlpatterns = [
    path(f"{HERE}/", pages.dashboard, name="dashboard"),
    path(f"{HERE}/flow/", pages.flow, name="flow"),
    path(f"{HERE}/flow/<flowstep:step>/", pages.flow_list, name="flow_list"),
    path(f"{HERE}/flow/<flowstep:step>/<slug:arm>/", pages.flow_list, name="flow_arm_list"),
    path(f"{HERE}/groups/", pages.groups, name="groups"),
    path(f"{HERE}/data/", pages.data, name="data"),
    path(f"{HERE}/reports/", pages.report_list, name="reports"),
    path(f"{HERE}/tables/<monitoringtable:name>.csv", pages.table_csv, name="table_csv"),
    path(f"{HERE}/reports/<monitoringreport:kind>.pdf", pages.report_pdf, name="report_pdf"),
]
