"""Runs for programs: ask for one, follow it, read what it found."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trial.access.pagination import CursorPages
from trial.analyses.actions import request_run
from trial.analyses.downloads import finding_json
from trial.analyses.models import ResultKind, Run
from trial.analyses.queries import plan_for, run_for, runs_of
from trial.analyses.states import RunState


class NewestRuns(CursorPages):
    ordering = ("-requested_at", "id")


class RunSerializer(serializers.ModelSerializer):
    """A run. `deliveries`: register to SHA-256 of its snapshot. `manifest` is empty until it is done."""

    plan = serializers.IntegerField(source="plan.version", help_text="Version of the plan.")
    plan_sha256 = serializers.CharField(source="plan.sha256")
    state = serializers.ChoiceField([state.value for state in RunState])

    class Meta:
        model = Run
        fields = (
            "id",
            "plan",
            "plan_sha256",
            "masked",
            "seed",
            "deliveries",
            "deviations",
            "reason",
            "state",
            "requested_at",
            "started",
            "finished",
            "attempt",
            "progress_done",
            "progress_total",
            "progress_label",
            "error_code",
            "error",
            "manifest",
        )
        read_only_fields = fields


class FindingSerializer(serializers.Serializer):
    """A table or figure. `rows` follow `columns`; `spec` is a figure's Vega-Lite specification, else null."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(ResultKind.values)
    title = serializers.DictField(child=serializers.CharField(), help_text="Language to text.")
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField())
    spec = serializers.JSONField(allow_null=True)
    notes = serializers.JSONField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return finding_json(instance)


class RunWithFindingsSerializer(RunSerializer):
    findings = FindingSerializer(source="results", many=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "findings")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class NewRunSerializer(serializers.Serializer):
    plan = serializers.IntegerField(min_value=1, max_value=32767, help_text="Version of the plan.")
    masked = serializers.BooleanField(help_text="True: a rehearsal on shuffled arms, the only kind before data lock.")
    deviations = serializers.DictField(
        required=False, help_text="Fields of the plan to be done otherwise; the run is then exploratory."
    )
    reason = serializers.CharField(required=False, max_length=500, help_text="Why the run departs from the plan.")


@extend_schema_view(get=extend_schema(summary="Runs of a trial, newest first"))
class Runs(ListAPIView):
    """List the runs of a trial, or ask for one."""

    serializer_class = RunSerializer
    pagination_class = NewestRuns
    queryset = Run.objects.none()  # for the description; the rows come from `get_queryset`

    def get_queryset(self) -> Any:
        return runs_of(self.request.user, self.kwargs["trial"])[1]

    @extend_schema(summary="Queue a run", request=NewRunSerializer, responses={201: RunSerializer})
    def post(self, request: Request, trial: str) -> Response:
        body = NewRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = dict(body.validated_data)
        plan = plan_for(request.user, trial, wanted.pop("plan"))
        run = request_run(by=request.user, plan=plan, **wanted)
        return Response(RunSerializer(run).data, status=201)


class OneRun(APIView):
    """One run with its progress, and its findings when it is done."""

    @extend_schema(summary="One run", responses=RunWithFindingsSerializer)
    def get(self, request: Request, trial: str, key: UUID) -> Response:
        return Response(RunWithFindingsSerializer(run_for(request.user, trial, key)).data)
