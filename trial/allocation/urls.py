"""Addresses of this room."""

from django.urls import path

from trial.access.planes import own_transactions
from trial.allocation import api, pages
from trial.allocation.panels import arm_panel
from trial.enrolment.sections import register

register(arm_panel)

HERE = "trials/<slug:trial>"
API = "api/v1/trials/<slug:trial>"

app_name = "allocation"
urlpatterns = [
    path(f"{HERE}/protocol/", pages.protocol, name="protocol"),
    path(f"{HERE}/protocol/lock/", pages.lock, name="lock"),
    path(f"{HERE}/protocol/beacon/", pages.beacon, name="beacon"),
    path(f"{HERE}/draws/", pages.draw_room, name="draw_room"),
    path(f"{HERE}/log/", pages.log, name="log"),
    path(f"{HERE}/log/checkpoint/", pages.make_checkpoint, name="checkpoint"),
    path(f"{HERE}/log/checkpoints.json", pages.checkpoints_file, name="checkpoints_file"),
    path(f"{HERE}/log/bundle.json", pages.bundle_file, name="bundle_file"),
    path(f"{HERE}/log/anchors.json", pages.anchors_file, name="anchors_file"),
    path(f"{HERE}/opening/", pages.opening, name="opening"),
    path(f"{HERE}/participants/<str:number>/enrolment/", pages.enrol, name="enrol"),
    path(f"{HERE}/participants/<str:number>/receipt/", pages.receipt, name="receipt"),
    path(f"{HERE}/participants/<str:number>/receipt.json", pages.receipt_file, name="receipt_file"),
    path(f"{API}/waiting/", api.WaitingNumbers.as_view(), name="api_waiting"),
    path(f"{API}/draws/", own_transactions(api.Draws.as_view()), name="api_draws"),
    path(f"{API}/checkpoints/", api.Checkpoints.as_view(), name="api_checkpoints"),
    path(f"{API}/participants/<str:number>/receipt/", api.Receipt.as_view(), name="api_receipt"),
    path(f"{API}/bundle/", api.Bundle.as_view(), name="api_bundle"),
    path(f"{API}/anchors/", api.Anchors.as_view(), name="api_anchors"),
]
