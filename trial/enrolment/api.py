"""The API of this room: eligibility checks, participants, consents, withdrawals. Names never leave through it."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from trial.access.free_text import no_national_id
from trial.access.pagination import CursorPages
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.enrolment import actions
from trial.enrolment.models import Consent, EligibilityCheck, Participant
from trial.enrolment.queries import (
    check_for,
    consents_of,
    form_version,
    participant_for,
    participants_of,
    registered_as,
)
from trial.enrolment.states import WITHDRAWALS, Withdrawal
from trial.identity.models import Person
from trial.studies.models import Office, Trial
from trial.studies.queries import offices_of, trial_for


class NewCheck(serializers.Serializer):
    office = serializers.CharField(help_text="Unit number of the Nav office, e.g. 0104.")
    answers = serializers.DictField(child=serializers.BooleanField(), help_text="Criterion code to yes or no.")
    factors = serializers.DictField(child=serializers.CharField(), required=False, help_text="Factor to level.")


class CheckSerializer(serializers.ModelSerializer):
    office = serializers.CharField(source="office.nav_office.number")

    class Meta:
        model = EligibilityCheck
        fields = ["key", "office", "answers", "factors", "eligible", "checked_at"]


class NewParticipant(serializers.Serializer):
    check = serializers.UUIDField(help_text="Key of an eligibility check that came out eligible.")
    name = serializers.CharField(max_length=120, validators=[no_national_id])
    national_id = serializers.CharField(max_length=20)
    contact = serializers.CharField(max_length=200, required=False, default="", validators=[no_national_id])


class ParticipantSerializer(serializers.ModelSerializer):
    office = serializers.CharField(source="office.nav_office.number")

    class Meta:
        model = Participant
        fields = ["number", "office", "state", "stratum", "factors", "registered_at", "enrolled_at", "withdrawal"]


class NewConsent(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=32_767)
    covers = serializers.ListField(child=serializers.CharField(), default=list, help_text="Optional parts agreed to.")
    paper_reference = serializers.CharField(max_length=60, default="", allow_blank=True, validators=[no_national_id])


class ConsentSerializer(serializers.ModelSerializer):
    version = serializers.IntegerField(source="form.version")

    class Meta:
        model = Consent
        fields = ["version", "covers", "given_at", "withdrawn_at", "sha256"]


class NewWithdrawal(serializers.Serializer):
    meaning = serializers.ChoiceField(choices=[(kind.value, label) for kind, label in WITHDRAWALS.items()])


class NewestFirst(CursorPages):
    ordering = ("-registered_at", "key")


class TrialView(GenericAPIView):
    """A view inside one trial, for members only."""

    def trial_needing(self, needing: Permission) -> Trial:
        return trial_for(self.request.user, self.kwargs["trial"], needing=needing)

    def participant_needing(self, needing: Permission) -> Participant:
        trial = self.trial_needing(needing)
        return participant_for(self.request.user, trial, self.kwargs["number"], needing=needing)

    def typed(self) -> dict[str, Any]:
        """The checked body of the request."""
        body = self.get_serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


class EligibilityChecks(TrialView):
    serializer_class = NewCheck

    @extend_schema(responses={201: CheckSerializer})
    def post(self, request: Request, trial: str) -> Response:
        """Keep the answers about someone who might take part; who may not stays counted, without identity."""
        found, typed = self.trial_needing(Permission.ENROL), self.typed()
        office = self._office(found, typed.pop("office"))
        check = actions.check_eligibility(by=request.user, office=office, **typed)
        return Response(CheckSerializer(check).data, status=status.HTTP_201_CREATED)

    def _office(self, trial: Trial, number: str) -> Office:
        for office in offices_of(self.request.user, trial, needing=Permission.ENROL):
            if office.nav_office.number == number:
                return office
        raise Refusal("unknown_office", _("Velg et av kontorene dine."), field="office", status=422)


class Participants(TrialView, ListAPIView):
    pagination_class = NewestFirst

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return NewParticipant if self.request.method == "POST" else ParticipantSerializer

    def get_queryset(self) -> QuerySet[Participant]:
        if getattr(self, "swagger_fake_view", False):
            return Participant.objects.none()
        return participants_of(self.request.user, self.trial_needing(Permission.SEE_PARTICIPANTS))

    @extend_schema(request=NewParticipant, responses={201: ParticipantSerializer})
    def post(self, request: Request, trial: str) -> Response:
        """Give an eligible person a number. The answer is the number, never the person."""
        found, typed = self.trial_needing(Permission.ENROL), self.typed()
        check = check_for(request.user, found, typed.pop("check"))
        if registered_as(check):
            raise Refusal("already_registered", _("Personen er allerede registrert."), field="check")
        made = actions.register_person(by=request.user, check=check, person=Person(**typed))
        return Response(ParticipantSerializer(made).data, status=status.HTTP_201_CREATED)


class OneParticipant(TrialView):
    serializer_class = ParticipantSerializer

    def get(self, request: Request, trial: str, number: str) -> Response:
        """One participant, by number."""
        return Response(self.get_serializer(self.participant_needing(Permission.SEE_PARTICIPANTS)).data)


class Consents(TrialView):
    pagination_class = None

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return NewConsent if self.request.method == "POST" else ConsentSerializer

    @extend_schema(responses=ConsentSerializer(many=True))
    def get(self, request: Request, trial: str, number: str) -> Response:
        """Every consent of a participant, newest first."""
        consents = consents_of(self.participant_needing(Permission.SEE_PARTICIPANTS))
        return Response(self.get_serializer(consents, many=True).data)

    @extend_schema(request=NewConsent, responses={201: ConsentSerializer})
    def post(self, request: Request, trial: str, number: str) -> Response:
        """Record a consent to the current version of the form."""
        participant, typed = self.participant_needing(Permission.ENROL), self.typed()
        form = form_version(participant.trial, typed.pop("version"))
        given = actions.give_consent(by=request.user, participant=participant, form=form, **typed)
        return Response(ConsentSerializer(given).data, status=status.HTTP_201_CREATED)


class Withdrawals(TrialView):
    serializer_class = NewWithdrawal

    @extend_schema(responses={201: ParticipantSerializer})
    def post(self, request: Request, trial: str, number: str) -> Response:
        """Record that a participant withdraws."""
        participant, typed = self.participant_needing(Permission.WITHDRAW), self.typed()
        actions.withdraw(by=request.user, participant=participant, meaning=Withdrawal(typed["meaning"]))
        return Response(ParticipantSerializer(participant).data, status=status.HTTP_201_CREATED)
