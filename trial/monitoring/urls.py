"""Addresses of this room."""

from django.urls import path

from trial.monitoring import pages

app_name = "monitoring"
urlpatterns = [path("trials/<slug:trial>/monitoring/", pages.dashboard, name="dashboard")]
