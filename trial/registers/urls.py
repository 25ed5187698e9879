"""Addresses of this room."""

from django.urls import path

from trial.registers import api, linkage_pages, pages

app_name = "registers"
HERE = "trials/<slug:trial>/deliveries/"
LINKAGE = "trials/<slug:trial>/linkage/"
API = "api/v1/trials/<slug:trial>/deliveries/"

urlpatterns = [
    path(HERE, pages.deliveries, name="deliveries"),
    path(f"{HERE}new/", pages.deliver, name="deliver"),
    path(f"{HERE}answers/", pages.deliver_answers, name="deliver_answers"),
    path(f"{HERE}dropped/", pages.drop_folder, name="dropped"),
    path(f"{HERE}uploads/<uuid:key>/throw/", pages.throw_upload, name="throw_upload"),
    path(f"{HERE}retention/", pages.kept_until, name="retention"),
    path(f"{HERE}retention/<int:key>/", pages.proof, name="proof"),
    path(f"{HERE}<uuid:key>/", pages.delivery, name="delivery"),
    path(f"{HERE}<uuid:key>/columns/", pages.columns, name="columns"),
    path(f"{HERE}<uuid:key>/columns/anew/", pages.columns_anew, name="columns_anew"),
    path(f"{HERE}<uuid:key>/accept/", pages.accept, name="accept"),
    path(f"{HERE}<uuid:key>/reject/", pages.reject, name="reject"),
    path(f"{HERE}<uuid:key>/report.json", pages.report_json, name="report_json"),
    path(f"{HERE}<uuid:key>/rejected.csv", pages.rejected_csv, name="rejected_csv"),
    path(LINKAGE, linkage_pages.key_files, name="key_files"),
    path(f"{LINKAGE}package.zip", linkage_pages.package, name="package"),
    path(f"{LINKAGE}<uuid:key>/approve/", linkage_pages.approve, name="approve_key_file"),
    path(f"{LINKAGE}<uuid:key>/file.age", linkage_pages.fetch, name="fetch_key_file"),
    path(API, api.Deliveries.as_view(), name="api_deliveries"),
    path(f"{API}uploads/", api.Uploads.as_view(), name="api_uploads"),
    path(f"{API}uploads/<uuid:key>/", api.OneUpload.as_view(), name="api_upload"),
    path(f"{API}uploads/<uuid:key>/finish/", api.FinishUpload.as_view(), name="api_finish_upload"),
    path(f"{API}<uuid:key>/", api.OneDelivery.as_view(), name="api_delivery"),
]
