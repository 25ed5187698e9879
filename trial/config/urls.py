"""Every address: each room brings its own, pages and API alike."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

handler400 = "trial.config.problems.bad_request"
handler403 = "trial.config.problems.forbidden"
handler404 = "trial.config.problems.not_found"
handler500 = "trial.config.problems.failed"

urlpatterns = [
    path("", include("trial.home.urls")),
    path("", include("trial.config.pages_urls")),
    path("", include("trial.results.urls")),
    path("", include("trial.monitoring.urls")),
    path("", include("trial.analyses.urls")),
    path("", include("trial.registers.urls")),
    path("", include("trial.surveys.urls")),
    path("", include("trial.followup.urls")),
    path("", include("trial.allocation.urls")),
    path("", include("trial.enrolment.urls")),
    path("", include("trial.studies.urls")),
    path("account/", include("trial.access.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
]
