"""The API of the draw: waiting numbers, draws, checkpoints, receipts, and the verifier's two files."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from trial.access.pagination import CursorPages
from trial.access.permissions import Permission
from trial.access.planes import transaction
from trial.allocation import actions
from trial.allocation.models import Checkpoint
from trial.allocation.queries import (
    anchors_of,
    answer_under,
    bundle_of,
    checkpoints_of,
    draw_terms,
    receipt_for,
    statement_of,
    waiting_for,
)
from trial.enrolment.api import TrialView
from trial.enrolment.queries import participant_for

KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)
LARGEST_BATCH = 2000  # contexts in one request


class WaitingSerializer(serializers.Serializer):
    number = serializers.CharField()
    stratum = serializers.CharField()
    position = serializers.IntegerField()
    since = serializers.IntegerField(help_text="When the number was enrolled, UTC seconds.")
    contexts = serializers.ListField(
        help_text="Contexts to contribute to; empty while an earlier number decides first."
    )


class WaitingList(serializers.Serializer):
    trial = serializers.CharField()
    protocol_sha256 = serializers.CharField()
    commitment = serializers.CharField(help_text="What the researcher's seed must open.")
    beacon = serializers.CharField(help_text="Hex; empty where the protocol names none.")
    waiting = WaitingSerializer(many=True)


class DrawSerializer(serializers.Serializer):
    """Either `participant`, by the office; or `commitment` and `contributions`, by the researcher."""

    participant = serializers.CharField(required=False, help_text="Number that asks for the draw.")
    commitment = serializers.CharField(required=False, help_text="Commitment of the key file in use.")
    contributions = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Canonical JSON of a context to 64 hex digits."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("participant" in attrs) == ("commitment" in attrs and "contributions" in attrs):
            raise serializers.ValidationError("participant, or commitment and contributions")
        if len(attrs.get("contributions", {})) > LARGEST_BATCH:
            raise serializers.ValidationError({"contributions": f"at most {LARGEST_BATCH} at once"})
        return attrs


class AnswerSerializer(serializers.Serializer):
    """What the office or the researcher is answered; kept, and given again under the same Idempotency-Key."""

    participant = serializers.CharField(required=False)
    state = serializers.CharField(required=False)
    arm = serializers.CharField(required=False)
    receipt = serializers.DictField(required=False)
    drawn = serializers.ListField(required=False)
    waiting = serializers.IntegerField(required=False)


class CheckpointSerializer(serializers.Serializer):
    trial = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField()
    time = serializers.IntegerField()
    public_key = serializers.CharField()
    signature = serializers.CharField()

    def to_representation(self, instance: Checkpoint) -> dict[str, Any]:
        return statement_of(instance)


class WaitingNumbers(TrialView):
    serializer_class = WaitingList

    def get(self, request: Request, trial: str) -> Response:
        """The numbers that wait for the researcher's draw, with the contexts to contribute to."""
        found = self.trial_needing(Permission.SEE_WAITING)
        waiting = [vars(each) for each in waiting_for(request.user, found)]
        return Response({"trial": found.code, **draw_terms(found), "waiting": waiting})


class Draws(TrialView):
    """Runs in its own transactions: a place in the log is committed before there is an arm."""

    serializer_class = DrawSerializer

    @extend_schema(parameters=[KEY], responses={200: AnswerSerializer})
    def post(self, request: Request, trial: str) -> HttpResponse:
        """Ask for a draw (office), or draw for waiting numbers (researcher)."""
        key, typed = request.headers.get("Idempotency-Key", ""), self.typed()
        found = self.trial_needing(Permission.ENROL if "participant" in typed else Permission.DRAW)
        if "participant" in typed:
            with transaction():
                person = participant_for(request.user, found, typed["participant"], needing=Permission.ENROL)
            actions.enrol(by=request.user, participant=person, idempotency_key=key)
            answer = answer_under(found, key)
        else:
            answer = actions.draw(by=request.user, trial=found, idempotency_key=key, **typed)
        return HttpResponse(answer, content_type="application/json")


class LargestFirst(CursorPages):
    ordering = ("-size",)


class Checkpoints(TrialView, ListAPIView[Checkpoint]):
    """The signed roots of the log, newest first."""

    serializer_class = CheckpointSerializer
    pagination_class = LargestFirst

    def get_queryset(self) -> QuerySet[Checkpoint]:
        if getattr(self, "swagger_fake_view", False):
            return Checkpoint.objects.none()
        return checkpoints_of(self.request.user, self.trial_needing(Permission.SEE_LOG))

    @extend_schema(request=None, responses={201: CheckpointSerializer})
    def post(self, request: Request, trial: str) -> Response:
        """Sign the log as it is now."""
        signed = actions.checkpoint(by=request.user, trial=self.trial_needing(Permission.SEE_LOG))
        return Response(self.get_serializer(signed).data, status=status.HTTP_201_CREATED)


class Receipt(TrialView):
    serializer_class = serializers.DictField

    @extend_schema(responses={200: dict})
    def get(self, request: Request, trial: str, number: str) -> Response:
        """The own leaf, its inclusion proof and the signed root."""
        person = self.participant_needing(Permission.SEE_ARM)
        return Response(receipt_for(request.user, person))


class Bundle(TrialView):
    serializer_class = serializers.DictField

    @extend_schema(responses={200: dict})
    def get(self, request: Request, trial: str) -> Response:
        """Protocol, seeds and leaves of an opened trial: the verifier's bundle.json."""
        return Response(bundle_of(self.trial_needing(Permission.SEE_LOG)))


class Anchors(TrialView):
    serializer_class = serializers.DictField

    @extend_schema(responses={200: dict})
    def get(self, request: Request, trial: str) -> Response:
        """What is held outside, as this server has it: the verifier's anchors.json."""
        return Response(anchors_of(self.trial_needing(Permission.SEE_LOG)))
