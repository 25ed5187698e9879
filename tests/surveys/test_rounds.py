"""The daily round: who gets a message, by which way, when again, and what happens when it does not leave."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from smtplib import SMTPServerDisconnected
from threading import Thread

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils.translation import override

from tests.cast import acting
from tests.surveys.asked import GIVEN, asking, enrolled, holding, invited, write_contact
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.models import OutboxMessage
from trial.enrolment.actions import give_consent, withdraw
from trial.enrolment.models import EligibilityCheck
from trial.enrolment.shielding import set_shield
from trial.enrolment.states import Withdrawal
from trial.surveys.actions import make_letter, send_link, submit
from trial.surveys.models import Channel, Invitation, Link
from trial.surveys.queries import invitations_of, opened, to_do
from trial.surveys.rounds import Round, go_round
from trial.surveys.sending import channel_of

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(cast):
    return asking(cast)


@pytest.mark.parametrize(
    ("contact", "channel", "to"),
    [
        ("nora@example.no", Channel.EMAIL, "nora@example.no"),
        ("412 34 567, nora@example.no", Channel.EMAIL, "nora@example.no"),
        ("412 34 567", Channel.SMS, "41234567"),
        ("+47 412 34 567", Channel.SMS, "+4741234567"),
        ("", Channel.PAPER, ""),
        ("hos moren", Channel.PAPER, ""),
        ("nora@", Channel.PAPER, ""),
        ("12345", Channel.PAPER, ""),
        ("e-post: nora@example.no", Channel.EMAIL, "nora@example.no"),
        ("e-post:nora@example.no", Channel.EMAIL, "nora@example.no"),
        ("Nora (nora@example.no).", Channel.EMAIL, "nora@example.no"),
        ("nora@example..no", Channel.PAPER, ""),
        ("nørå@example.no", Channel.PAPER, ""),
    ],
)
def test_the_way_to_somebody_is_what_the_office_wrote(contact, channel, to):
    assert channel_of(contact) == (channel, to)


def test_outside_the_demonstration_no_link_goes_to_a_console(settings):
    settings.RELAXED = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert channel_of("nora@example.no") == channel_of("412 34 567") == (Channel.PAPER, "")
    settings.SMS_GATEWAY_URL = "https://sms.example.no/"
    assert channel_of("412 34 567") == (Channel.SMS, "41234567")


def test_a_round_opens_asks_reminds_and_ends(asked, simulated_clock, capsys):
    enrolled(asked, contact="nora@example.no")
    done = []
    for days in (0, 1, 6, 7, 7):
        simulated_clock.advance(timedelta(days=days))
        done.append(go_round())
    assert done == [Round(1, 1), Round(), Round(0, 1), Round(0, 1), Round()]
    subjects = [message.subject for message in mail.outbox]
    assert subjects == ["Spørreskjema fra SE-KLAR", *["Påminnelse: spørreskjema fra SE-KLAR"] * 2]
    assert mail.outbox[0].to == ["nora@example.no"]
    call_command("surveys")
    assert "opened 0, sent 0, not sent 0" in capsys.readouterr().out


def test_every_message_has_a_link_of_its_own_and_each_of_them_opens(asked, simulated_clock):
    invitation = invited(asked, contact="nora@example.no")
    go_round()
    simulated_clock.advance(timedelta(days=8))
    go_round()
    codes = [message.body.partition("/answer/")[2].partition("/")[0] for message in mail.outbox]
    assert len(set(codes)) == 2
    for code in codes:
        with holding(code):
            assert opened().invitation.pk == invitation.pk


def test_a_message_names_nobody(asked):
    invitation = invited(asked, contact="nora@example.no")
    go_round()
    assert invitation.participant.number not in mail.outbox[0].body
    with maintenance():
        assert not OutboxMessage.objects.filter(recipient__contains="@").exists(), "no address in the common outbox"


def test_whoever_has_answered_or_withdrawn_is_not_reminded(asked, simulated_clock):
    answered, withdrawn = (invited(asked, contact=f"{name}@example.no") for name in ("nora", "emma"))
    go_round()
    code = mail.outbox[0].body.partition("/answer/")[2].partition("/")[0]
    with holding(code):
        submit(by=None, invitation=opened().invitation, answers=GIVEN)
    left = withdrawn if mail.outbox[0].to == ["nora@example.no"] else answered
    with acting(asked.kari):
        withdraw(by=asked.kari, participant=left.participant, meaning=Withdrawal.NEW_DATA)
    simulated_clock.advance(timedelta(days=8))
    assert go_round() == Round()


def test_who_has_no_address_waits_for_a_letter(asked):
    invitation = invited(asked)
    assert go_round() == Round()
    with acting(asked.kari), pytest.raises(Refusal, match="no_address"):
        send_link(by=asked.kari, invitation=invitation)


def test_a_message_that_does_not_leave_is_tried_again_and_leaves_no_link_behind(asked, monkeypatch):
    invited(asked, contact="nora@example.no")
    invited(asked, contact="412 34 567")

    def broken(*_args, **_options):
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr("trial.surveys.sending.send_mail", broken)
        assert go_round() == Round(0, 1, 1)
    with maintenance():
        assert Link.objects.count() == 1
        assert sorted(Invitation.objects.values_list("asked", flat=True)) == [0, 1]
    assert go_round() == Round(0, 1)


def test_an_address_that_no_mail_can_carry_keeps_nobody_else_from_hearing(asked, monkeypatch):
    for contact in ("emma@example.no", "nora@example.no"):
        invited(asked, contact=contact)
    carried = mail.EmailMultiAlternatives.message

    def message(self):
        if self.to == ["emma@example.no"]:
            raise ValueError("Invalid address")
        return carried(self)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "message", message)
    assert go_round() == Round(0, 1, 1)
    assert [each.to for each in mail.outbox] == [["nora@example.no"]]


def test_who_is_asked_late_in_the_window_is_not_reminded_every_day(asked, simulated_clock):
    invited(asked)
    simulated_clock.advance(timedelta(days=10))
    with acting(asked.kari):
        write_contact(asked.kari, Invitation.objects.select_related("participant").get().participant, "nora@example.no")
    done = []
    for days in (0, 1, 1, 2, 1):
        simulated_clock.advance(timedelta(days=days))
        done.append(go_round().sent)
    assert done == [1, 0, 0, 1, 0], "on the day when the address is known, and on the 14th"


def test_a_message_is_in_bokmal_whatever_its_sender_reads(asked):
    invitation = invited(asked, contact="nora@example.no")
    with acting(asked.kari), override("en"):
        send_link(by=asked.kari, invitation=invitation)
    assert mail.outbox[0].subject == "Spørreskjema fra SE-KLAR"
    assert "Svar her: " in mail.outbox[0].body


def test_whose_consent_covers_questionnaires_no_more_is_not_asked_by_the_office_either(asked):
    invitation = invited(asked, contact="nora@example.no")
    with acting(asked.kari):
        give_consent(by=asked.kari, participant=invitation.participant, form=asked.form, covers=[])
        for ask in (send_link, make_letter):
            with pytest.raises(Refusal, match="no_consent"):
                ask(by=asked.kari, invitation=invitation)
    assert go_round() == Round()


def test_a_wave_opens_for_the_shielded_too_and_waits_for_their_readers(asked):
    person = enrolled(asked, contact="nora@example.no")
    with acting(asked.kari):
        check = EligibilityCheck.objects.select_related("trial", "office").get(pk=person.pk)
        set_shield(by=asked.kari, check=check, readers=[asked.kari])
    assert go_round() == Round(1, 0), "no message: the round does not see the address"
    for user, number in ((asked.kari, 1), (asked.siri, 0)):
        with acting(user):
            rows = invitations_of(user, asked.trial)
            assert (len(rows), to_do(asked.trial, rows).total()) == (number, number)
    with acting(asked.kari):
        assert send_link(by=asked.kari, invitation=invitations_of(asked.kari, asked.trial).get()) == Channel.EMAIL


def test_a_text_message_goes_through_the_gateway(asked, settings):
    received = []

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_args):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.SMS_GATEWAY_URL = f"http://127.0.0.1:{server.server_port}/"
    try:
        invited(asked, contact="412 34 567")
        assert go_round() == Round(0, 1)
    finally:
        server.shutdown()
        server.server_close()
    assert received[0]["to"] == "41234567"
    assert "/answer/" in received[0]["text"]


def test_the_office_sends_a_link_at_once(asked, capsys):
    invitation = invited(asked, contact="412 34 567")
    with acting(asked.kari):
        assert send_link(by=asked.kari, invitation=invitation) == Channel.SMS
    assert "SMS til 41234567" in capsys.readouterr().out
