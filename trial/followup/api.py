"""The API of follow-up: caseloads as numbers, contacts and measures of the people one follows."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
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
from trial.followup.models import Contact, ContactKind, Counterpart, Measure
from trial.followup.queries import OfficeBoard, board_for, contacts_of, measures_of
from trial.followup.queries.work import employer_for
from trial.studies.permissions import can
from trial.studies.queries import trial_for


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
    participant = serializers.CharField(source="participant.number")
    kind = serializers.ChoiceField(choices=ContactKind.choices)
    counterpart = serializers.ChoiceField(choices=Counterpart.choices, default=Counterpart.PARTICIPANT)
    day = serializers.DateField(required=False)
    minutes = serializers.IntegerField()
    employer = serializers.IntegerField(
        source="employer_id", required=False, allow_null=True, help_text="Key of an employer whom the office knows."
    )
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, validators=[no_national_id])
    in_control = serializers.BooleanField(
        write_only=True,
        default=False,
        help_text="The person is in the control group and the contact took place all the same: it is a deviation.",
    )


class MeasureSerializer(serializers.Serializer):
    """A measure by its Arena code, first and last day included; `end` null: still going on."""

    participant = serializers.CharField(source="participant.number")
    code = serializers.ChoiceField(choices=sorted(measures()))
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True)
    provider = serializers.CharField(max_length=120, required=False, allow_blank=True, validators=[no_national_id])


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

    serializer_class = ContactSerializer
    pagination_class = type("ContactPages", (CursorPages,), {"ordering": ("-logged_at", "key")})

    def get_queryset(self) -> QuerySet[Contact]:
        return contacts_of(self.request.user, self.kwargs["trial"])

    def carry_out(self, **values: Any) -> Contact:
        key = values.pop("employer_id", None)
        employer = employer_for(values["by"], values["participant"].trial, key) if key else None
        return actions.log_contact(employer=employer, **values)


class Measures(_OfPeople):
    """The measures of the people one may see, newest first; POST records one."""

    serializer_class = MeasureSerializer
    pagination_class = type("MeasurePages", (CursorPages,), {"ordering": ("-start", "-pk")})

    def get_queryset(self) -> QuerySet[Measure]:
        return measures_of(self.request.user, self.kwargs["trial"])

    def carry_out(self, **values: Any) -> Measure:
        return actions.record_measure(**values)


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
