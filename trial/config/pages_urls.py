"""Addresses of the house itself: language, theme, style guide."""

from django.urls import path

from trial.config import pages, rights_pages

app_name = "config"
urlpatterns = [
    path("language/", pages.language, name="language"),
    path("theme/", pages.theme, name="theme"),
    path("trials/<slug:trial>/rights/", rights_pages.rights_page, name="rights"),
    path("styleguide/", pages.styleguide, name="styleguide"),
    path("styleguide/live/", pages.styleguide_live, name="styleguide_live"),
]
