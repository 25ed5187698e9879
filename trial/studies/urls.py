"""Addresses of this room."""

from django.urls import path

from trial.access.addresses import one_of
from trial.studies import pages

one_of("setup_step", pages.STEPS)
one_of("trial_move", pages.CARRIED)

app_name = "studies"
urlpatterns = [
    path("trials/", pages.trials, name="trials"),
    path("new-trial/", pages.create, name="create"),
    path("trials/<slug:trial>/setup/", pages.setup, name="setup"),
    path("trials/<slug:trial>/setup/<setup_step:step>/", pages.step, name="step"),
    path("trials/<slug:trial>/setup/<trial_move:move>/", pages.move, name="move"),
    path("trials/<slug:trial>/members/", pages.members, name="members"),
    path("trials/<slug:trial>/members/<int:key>/end/", pages.end_membership, name="end_membership"),
    path("trials/<slug:trial>/members/groups/", pages.group_roles, name="group_roles"),
    path("trials/<slug:trial>/members/groups/<int:key>/take/", pages.take_group_role, name="take_group_role"),
    path("trials/<slug:trial>/setup/offices/<slug:number>/recruiting/", pages.recruiting, name="recruiting"),
    path("trials/<slug:trial>/setup/offices/<slug:number>/remove/", pages.remove_office, name="remove_office"),
]
