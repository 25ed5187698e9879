"""Nothing personal leaves by a log line."""

import json
import logging
from datetime import date

import pytest
import structlog

from evaluation.national_id import SCRUBBED, synthetic_national_id
from trial.config import logs

NUMBER = synthetic_national_id(date(1980, 5, 17), 3)


@pytest.fixture(autouse=True)
def _own_set_up(capsys: pytest.CaptureFixture[str]) -> object:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    logs.configure()
    yield
    root.handlers, root.level = before[0], before[1]


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_time_level_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("trial.enrolment").warning("noe skjedde")
    [line] = written(capsys)
    assert line["event"] == "noe skjedde"
    assert line["level"] == "warning"
    assert line["logger"] == "trial.enrolment"
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize("text", [NUMBER, f"{NUMBER[:6]} {NUMBER[6:]}", f"x{NUMBER}y", f"a={NUMBER};b"])
def test_identity_numbers_are_taken_out_of_messages(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("trial").error("personen %s finnes", text)
    [line] = written(capsys)
    assert SCRUBBED in str(line["event"])
    assert NUMBER not in str(line["event"]).replace(" ", "")


def test_identity_numbers_are_taken_out_of_fields_however_deep(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("trial").info("rad", row={"nested": [int(NUMBER), (NUMBER,)]}, **{NUMBER: 1})
    assert NUMBER not in capsys.readouterr().err


def test_identity_numbers_are_taken_out_of_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(f"ugyldig: {NUMBER}")
    except ValueError:
        logging.getLogger("trial").exception("feil")
    [line] = written(capsys)
    assert "ValueError: ugyldig" in str(line["exception"])
    assert NUMBER not in str(line["exception"])


def test_values_of_a_refused_row_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("trial").error("duplicate key\nDETAIL:  Key (name)=(Kari Nordmann) already exists.")
    assert "Nordmann" not in capsys.readouterr().err


def test_ordinary_numbers_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("trial").info("talt", count=268, share=0.5, done=True, none=None)
    [line] = written(capsys)
    assert (line["count"], line["share"], line["done"], line["none"]) == (268, 0.5, True, None)


def test_the_request_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("django.request").warning("Not Found", extra={"request": "cookie", "status_code": 404})
    assert "cookie" not in capsys.readouterr().err


def test_a_personal_link_is_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("django.request").warning("Gone: %s", "/answer/7K4Q-XN3D-9RTC-W2HM/")
    line = capsys.readouterr().err
    assert "7K4Q" not in line
    assert "/answer/[left out]/" in line
