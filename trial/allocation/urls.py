"""Addresses of this room."""

from django.urls import path

from trial.access.addresses import one_of
from trial.access.planes import own_transactions
from trial.allocation import api, correction_pages, key_pages, log_pages, pages, protocol_pages
from trial.allocation.extracts import draw
from trial.allocation.panels import arm_panel
from trial.enrolment import extract
from trial.enrolment.sections import register

one_of("correction_decision", correction_pages.DECISIONS)
register(arm_panel)
extract.register(draw)

HERE = "trials/<slug:trial>"
API = "api/v1/trials/<slug:trial>"

app_name = "allocation"
urlpatterns = [
    path(f"{HERE}/protocol/", protocol_pages.protocol, name="protocol"),
    path(f"{HERE}/protocol/lock/", protocol_pages.lock, name="lock"),
    path(f"{HERE}/protocol/beacon/", protocol_pages.beacon, name="beacon"),
    path(f"{HERE}/protocol/offices/", protocol_pages.offices, name="offices"),
    path(f"{HERE}/key/", key_pages.key, name="key"),
    path(f"{HERE}/key/recovery/", key_pages.recover, name="recover"),
    path(f"{HERE}/draws/", pages.draw_room, name="draw_room"),
    path(f"{HERE}/log/", log_pages.log, name="log"),
    path(f"{HERE}/log/checkpoint/", log_pages.make_checkpoint, name="checkpoint"),
    path(f"{HERE}/log/checkpoints.json", log_pages.checkpoints_file, name="checkpoints_file"),
    path(f"{HERE}/log/bundle.json", log_pages.bundle_file, name="bundle_file"),
    path(f"{HERE}/log/anchors.json", log_pages.anchors_file, name="anchors_file"),
    path(f"{HERE}/log/proof.zip", log_pages.parcel, name="parcel"),
    path(f"{HERE}/log/verdict/", log_pages.verdict, name="verdict"),
    path(f"{HERE}/opening/", log_pages.opening, name="opening"),
    path(f"{HERE}/participants/<str:number>/enrolment/", pages.enrol, name="enrol"),
    path(f"{HERE}/participants/<str:number>/receipt/", pages.receipt, name="receipt"),
    path(f"{HERE}/participants/<str:number>/receipt/sheet/", pages.receipt_sheet, name="receipt_sheet"),
    path(f"{HERE}/participants/<str:number>/receipt.json", pages.receipt_file, name="receipt_file"),
    path(f"{HERE}/participants/<str:number>/correction/", correction_pages.correction, name="correction"),
    path(f"{HERE}/corrections/", correction_pages.corrections, name="corrections"),
    path(f"{HERE}/corrections/<int:key>/<correction_decision:decision>/", correction_pages.decide, name="decide"),
    path(f"{API}/waiting/", api.WaitingNumbers.as_view(), name="api_waiting"),
    path(f"{API}/draws/", own_transactions(api.Draws.as_view()), name="api_draws"),
    path(f"{API}/checkpoints/", api.Checkpoints.as_view(), name="api_checkpoints"),
    path(f"{API}/participants/<str:number>/receipt/", api.Receipt.as_view(), name="api_receipt"),
    path(f"{API}/bundle/", api.Bundle.as_view(), name="api_bundle"),
    path(f"{API}/anchors/", api.Anchors.as_view(), name="api_anchors"),
]
