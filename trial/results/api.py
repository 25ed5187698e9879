"""Released results for programs."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trial.access.pagination import CursorPages
from trial.analyses.api import FindingSerializer
from trial.results.models import Release
from trial.results.queries import release_for, releases_of
from trial.results.states import ReleaseState


class NewestReleases(CursorPages):
    ordering = ("-requested_at", "id")


class ReleaseSerializer(serializers.ModelSerializer):
    """A release. `rule` names the disclosure rule; `manifest` says from what the numbers were made."""

    state = serializers.ChoiceField([state.value for state in ReleaseState])

    class Meta:
        model = Release
        fields = ("id", "state", "rule", "requested_at", "decided_at", "manifest")
        read_only_fields = fields


class ReleaseWithFindingsSerializer(ReleaseSerializer):
    """`findings` is empty until the release is decided."""

    findings = FindingSerializer(source="results", many=True)

    class Meta(ReleaseSerializer.Meta):
        fields = (*ReleaseSerializer.Meta.fields, "findings")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


@extend_schema_view(get=extend_schema(summary="Released results of a trial, newest first"))
class Results(ListAPIView):
    """Released results; analysts and output checkers also see what waits."""

    serializer_class = ReleaseSerializer
    pagination_class = NewestReleases
    queryset = Release.objects.none()  # for the description; the rows come from `get_queryset`

    def get_queryset(self) -> Any:
        return releases_of(self.request.user, self.kwargs["trial"])[1]


class OneRelease(APIView):
    """One release with its tables and figures."""

    @extend_schema(summary="One release with its findings", responses=ReleaseWithFindingsSerializer)
    def get(self, request: Request, trial: str, key: UUID) -> Response:
        return Response(ReleaseWithFindingsSerializer(release_for(request.user, trial, key)).data)
