"""The API of follow-up: caseloads as numbers, contacts and measures of the people one follows."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.codes import measures
from trial.access.free_text import no_national_id
from trial.access.pagination import CursorPages
from trial.access.permissions import Permission
from trial.access.small_counts import is_small, rounded
from trial.enrolment.queries import participant_for
from trial.followup import actions
from trial.followup.models import (
    CORRECTIONS,
    TAKING_BACK,
    Contact,
    ContactKind,
    Counterpart,
    Measure,
    Retraction,
)
from trial.followup.queries import OfficeBoard, board_for, contacts_of, measures_of
from trial.followup.queries.corrections import row_for
from trial.followup.queries.work import employer_for
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for


def _reasons(reasons: Iterable[Retraction]) -> list[tuple[str, Any]]:
    return [(each.value, each.label) for each in reasons]


CORRECTION_REASONS, TAKING_BACK_REASONS = _reasons(CORRECTIONS), _reasons(TAKING_BACK)


class LoadSerializer(serializers.Serializer):
    """People with a specialist (or an office's specialists) against the capacity.

    For those who may not see people, numbers of people are rounded to the nearest 5, and from 1 to 4 they are null.
    """

    specialist = serializers.CharField()
    position_share = serializers.IntegerField(help_text="Percent of a full position.")
    people = serializers.IntegerField(allow_null=True)
    capacity = serializers.IntegerField()


class CaseloadSerializer(serializers.Serializer):
    """An office: its specialists' loads, and how many wait for one."""

    office = serializers.CharField()
    people = serializers.IntegerField(allow_null=True)
    capacity = serializers.IntegerField()
    waiting = serializers.IntegerField(allow_null=True)
    specialists = LoadSerializer(many=True)


class ContactSerializer(serializers.Serializer):
    """A contact. `key`: chosen by the client; the same contact sent again is one contact."""

    key = serializers.UUIDField(required=False)
    participant = serializers.CharField(source="participant.number", read_only=True)
    kind = serializers.ChoiceField(choices=ContactKind.choices)
    counterpart = serializers.ChoiceField(choices=Counterpart.choices, default=Counterpart.PARTICIPANT)
    day = serializers.DateField(required=False)
    minutes = serializers.IntegerField()
    employer = serializers.IntegerField(
        source="employer_id", required=False, allow_null=True, help_text="Key of an employer whom the office knows."
    )
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, validators=[no_national_id])


class NewContactSerializer(ContactSerializer):
    """A contact and whose it is."""

    participant = serializers.CharField(source="participant.number")
    in_control = serializers.BooleanField(
        write_only=True,
        default=False,
        help_text="The person is in the control group and the contact took place all the same: it is a deviation.",
    )


class ContactCorrectionSerializer(ContactSerializer):
    """What a contact should have said, all of it, and why it did not. `key`: of the contact that takes its place."""

    day = serializers.DateField()
    reason = serializers.ChoiceField(choices=CORRECTION_REASONS, default=Retraction.MISTYPED, write_only=True)


class MeasureSerializer(serializers.Serializer):
    """A measure by its Arena code, first and last day included; `end` null: still going on."""

    key = serializers.IntegerField(source="pk", read_only=True)
    participant = serializers.CharField(source="participant.number", read_only=True)
    code = serializers.ChoiceField(choices=sorted(measures()))
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True)
    provider = serializers.CharField(max_length=120, required=False, allow_blank=True, validators=[no_national_id])


class NewMeasureSerializer(MeasureSerializer):
    """A measure and whose it is."""

    participant = serializers.CharField(source="participant.number")


class MeasureCorrectionSerializer(MeasureSerializer):
    """What a measure should have said, all of it, and why it did not."""

    reason = serializers.ChoiceField(choices=CORRECTION_REASONS, default=Retraction.MISTYPED, write_only=True)


class TakingBackSerializer(serializers.Serializer):
    """Why something should never have been written."""

    reason = serializers.ChoiceField(choices=TAKING_BACK_REASONS, source="retraction")
    retracted_at = serializers.DateTimeField(read_only=True)


class Caseloads(APIView):
    """Load against capacity per office and specialist; no participant is named."""

    @extend_schema(responses=CaseloadSerializer(many=True))
    def get(self, request: Request, trial: str) -> Response:
        found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
        exact = can(request.user, found, Permission.SEE_PARTICIPANTS)
        return Response([_row(board, exact=exact) for board in board_for(request.user, found)])


class _OfPeople(generics.ListCreateAPIView):
    """A list of what is done for people, to which the same right adds."""

    def carry_out(self, **values: Any) -> Any:
        raise NotImplementedError

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        trial = trial_for(request.user, self.kwargs["trial"], needing=Permission.FOLLOW_UP)
        number = values.pop("participant")["number"]
        participant = participant_for(request.user, trial, number)
        made = self.carry_out(by=request.user, participant=participant, **values)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class Contacts(_OfPeople):
    """The contacts of the own offices' people, newest first; POST logs one."""

    serializer_class = NewContactSerializer
    pagination_class = type("ContactPages", (CursorPages,), {"ordering": ("-logged_at", "key")})

    def get_queryset(self) -> QuerySet[Contact]:
        return contacts_of(self.request.user, self.kwargs["trial"])

    def carry_out(self, **values: Any) -> Contact:
        return actions.log_contact(**_with_employer(values["participant"].trial, values))


class Measures(_OfPeople):
    """The measures of the people one may see, newest first; POST records one."""

    serializer_class = NewMeasureSerializer
    pagination_class = type("MeasurePages", (CursorPages,), {"ordering": ("-start", "-pk")})

    def get_queryset(self) -> QuerySet[Measure]:
        return measures_of(self.request.user, self.kwargs["trial"])

    def carry_out(self, **values: Any) -> Measure:
        return actions.record_measure(**values)


class _Correction(generics.GenericAPIView):
    """Puts something right in the place of a row; the wrong one stays in the tables, and counts no more."""

    record = ""

    def correct(self, row: Any, **values: Any) -> Any:
        raise NotImplementedError

    def post(self, request: Request, trial: str, key: Any) -> Response:
        found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
        row = row_for(request.user, found, self.record, key)
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        right = self.correct(row, by=request.user, **body.validated_data)
        return Response(self.get_serializer(right).data, status=status.HTTP_201_CREATED)


@extend_schema_view(post=extend_schema(responses={201: ContactCorrectionSerializer}))
class ContactCorrection(_Correction):
    record = "contact"
    serializer_class = ContactCorrectionSerializer

    def correct(self, row: Contact, **values: Any) -> Contact:
        return actions.correct_contact(contact=row, **_with_employer(row.trial, values))


@extend_schema_view(post=extend_schema(responses={201: MeasureCorrectionSerializer}))
class MeasureCorrection(_Correction):
    record = "measure"
    serializer_class = MeasureCorrectionSerializer

    def correct(self, row: Measure, **values: Any) -> Measure:
        return actions.correct_measure(measure=row, **values)


class TakingBack(generics.GenericAPIView):
    """Takes back what should not have been written."""

    record = ""
    serializer_class = TakingBackSerializer

    def post(self, request: Request, trial: str, key: Any) -> Response:
        found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
        row = row_for(request.user, found, self.record, key)
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        taken_back = actions.take_back(by=request.user, row=row, reason=body.validated_data["retraction"])
        return Response(self.get_serializer(taken_back).data)


def _with_employer(trial: Trial, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a contact with the employer itself in the place of its key."""
    key = values.pop("employer_id", None)
    return {**values, "employer": employer_for(values["by"], trial, key) if key else None}


def _number(count: int, *, exact: bool) -> int | None:
    return None if is_small(count) and not exact else rounded(count, exact=exact)


def _row(board: OfficeBoard, *, exact: bool) -> dict[str, Any]:
    return {
        "office": str(board.office),
        "people": _number(board.load.people, exact=exact),
        "capacity": board.load.capacity,
        "waiting": _number(len(board.waiting), exact=exact),
        "specialists": [
            {
                "specialist": str(each.specialist),
                "position_share": each.specialist.position_share,
                "people": _number(each.load.people, exact=exact),
                "capacity": each.load.capacity,
            }
            for each in board.caseloads
        ],
    }
