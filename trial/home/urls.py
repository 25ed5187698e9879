"""Addresses of this room."""

from django.urls import path

from trial.home import pages

app_name = "home"
urlpatterns = [
    path("", pages.index, name="index"),
    path("trials/<slug:trial>/", pages.trial, name="trial"),
    path("trials/<slug:trial>/events/", pages.audit, name="audit"),
]
