"""Deliveries for programs."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trial.access.free_text import no_national_id
from trial.access.pagination import CursorPages
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.registers import uploads
from trial.registers.actions import receive
from trial.registers.models import Delivery, Upload
from trial.registers.presentation import facts_of
from trial.registers.queries import deliveries_of, delivery_for
from trial.registers.states import DeliveryState
from trial.studies.queries import trial_for
from trial.studies.sources import REGISTERS

LONGEST_OFFSET = 15  # digits; no file is larger


class NewestDeliveries(CursorPages):
    ordering = ("-received_at", "id")


class DeliverySerializer(serializers.Serializer):
    """A delivery with the counts of its check; `rows` = `accepted_rows` + `rejected_rows`."""

    id = serializers.UUIDField()
    register = serializers.ChoiceField(list(REGISTERS))
    source = serializers.CharField()
    file_name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Of the bytes that came.")
    state = serializers.ChoiceField([state.value for state in DeliveryState])
    received_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField(allow_null=True)
    accepted_rows = serializers.IntegerField(allow_null=True)
    rejected_rows = serializers.IntegerField(allow_null=True)
    set_apart = serializers.IntegerField(help_text="Rejected rows of unknown numbers or without consent.")
    coverage = serializers.FloatField(allow_null=True, help_text="Share of those who consented that occur in the file.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Reason code to rejected rows.")
    refusal = serializers.CharField(help_text="Code of a rejected file, else empty.")
    snapshot = serializers.CharField(help_text="SHA-256 of the Parquet file of the accepted rows.")
    superseded_by = serializers.UUIDField(allow_null=True)

    def to_representation(self, instance: Delivery) -> dict[str, Any]:
        return super().to_representation(facts_of(instance))


class NewDeliverySerializer(serializers.Serializer):
    register = serializers.ChoiceField(list(REGISTERS))
    source = serializers.CharField(max_length=200, validators=[no_national_id])
    file = serializers.FileField(max_length=200)


@extend_schema_view(get=extend_schema(summary="Deliveries of a trial, newest first"))
class Deliveries(ListAPIView):
    """List the deliveries of a trial, or send one (multipart)."""

    serializer_class = DeliverySerializer
    pagination_class = NewestDeliveries
    parser_classes = (MultiPartParser,)
    queryset = Delivery.objects.none()  # for the description; the rows come from `get_queryset`

    def get_queryset(self) -> Any:
        return deliveries_of(self.request.user, self.kwargs["trial"])[1]

    @extend_schema(
        summary="Send a register file; it is checked in the background",
        request={"multipart/form-data": NewDeliverySerializer},
        responses={201: DeliverySerializer},
    )
    def post(self, request: Request, trial: str) -> Response:
        found = trial_for(request.user, trial, needing=Permission.DELIVER)
        form = NewDeliverySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        delivery = receive(by=request.user, trial=found, **form.validated_data)
        return Response(DeliverySerializer(delivery).data, status=201)


class OneDelivery(APIView):
    """One delivery with its validation counts."""

    @extend_schema(summary="One delivery", responses=DeliverySerializer)
    def get(self, request: Request, trial: str, key: UUID) -> Response:
        return Response(DeliverySerializer(delivery_for(request.user, trial, key)).data)


class UploadSerializer(serializers.ModelSerializer):
    """An upload on its way: send the bytes from `arrived` on, in pieces of about `piece_bytes`."""

    piece_bytes = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = ("id", "register", "source", "file_name", "size", "edition", "arrived", "begun_at", "piece_bytes")
        read_only_fields = fields

    def get_piece_bytes(self, _upload: Upload) -> int:
        return uploads.PIECE_BYTES


class NewUploadSerializer(serializers.Serializer):
    register = serializers.ChoiceField(list(REGISTERS))
    source = serializers.CharField(max_length=200, validators=[no_national_id])
    file_name = serializers.CharField(max_length=200, validators=[no_national_id])
    size = serializers.IntegerField(min_value=1, help_text="Bytes of the whole file.")
    edition = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        validators=[no_national_id],
        help_text="Tells the file from a later one of the same name and size, such as the time of its last change.",
    )


class PieceParser(BaseParser):
    """The body as it comes: bytes of a file."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        body: bytes = stream.read(uploads.MOST_PIECE_BYTES + 1)
        return body


class Uploads(APIView):
    """Send a large file in pieces, and go on where it stopped."""

    @extend_schema(summary="One's own uploads that are not finished", responses=UploadSerializer(many=True))
    def get(self, request: Request, trial: str) -> Response:
        found = trial_for(request.user, trial, needing=Permission.DELIVER)
        return Response(UploadSerializer(uploads.own_unfinished(request.user, found), many=True).data)

    @extend_schema(
        summary="Announce a file; the upload of the same file that stopped is found again",
        request=NewUploadSerializer,
        responses={201: UploadSerializer},
    )
    def post(self, request: Request, trial: str) -> Response:
        found = trial_for(request.user, trial, needing=Permission.DELIVER)
        form = NewUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        upload = uploads.begin_upload(by=request.user, trial=found, **form.validated_data)
        return Response(UploadSerializer(upload).data, status=201)


class OneUpload(APIView):
    """How much of a file has arrived, its next piece, and the end of it."""

    parser_classes = (PieceParser,)

    @extend_schema(summary="How much has arrived", responses=UploadSerializer)
    def get(self, request: Request, trial: str, key: UUID) -> Response:
        return Response(UploadSerializer(uploads.upload_for(request.user, trial, key)).data)

    @extend_schema(
        summary="Add a piece",
        request={"application/octet-stream": bytes},
        parameters=[OpenApiParameter("Upload-Offset", int, "header", required=True, description="Where it begins.")],
        responses=UploadSerializer,
    )
    def put(self, request: Request, trial: str, key: UUID) -> Response:
        found = uploads.upload_for(request.user, trial, key)
        offset = request.headers.get("Upload-Offset", "")
        if not offset.isdecimal() or len(offset) > LONGEST_OFFSET:
            raise Refusal("invalid", _("Upload-Offset må være et helt tall."), status=422)
        piece = request.data if isinstance(request.data, bytes) else b""
        upload = uploads.add_piece(by=request.user, upload=found, offset=int(offset), piece=piece)
        return Response(UploadSerializer(upload).data)

    @extend_schema(summary="Throw away what has arrived", responses={204: None})
    def delete(self, request: Request, trial: str, key: UUID) -> Response:
        uploads.throw_upload(by=request.user, upload=uploads.upload_for(request.user, trial, key))
        return Response(status=204)


class FinishUpload(APIView):
    """Make a delivery of a file that has arrived whole."""

    @extend_schema(
        summary="Finish; the file is checked in the background. Asked again, it gives the same delivery",
        request=None,
        responses={201: DeliverySerializer},
    )
    def post(self, request: Request, trial: str, key: UUID) -> Response:
        found = uploads.upload_for(request.user, trial, key)
        return Response(DeliverySerializer(uploads.finish_upload(by=request.user, upload=found)).data, status=201)
