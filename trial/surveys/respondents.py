"""The pages of whoever answers: no sign-in, one questionnaire, opened by a code.

The code of the link goes into a cookie at once, so that it stands in no address that a browser or a log keeps. Each
page saves when it is left, with script also at every answer; none of them needs script.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access import planes
from trial.access.forms import perform
from trial.access.refusals import Refusal
from trial.surveys import actions, guessing
from trial.surveys.forms import AnswerForm, CodeForm
from trial.surveys.instruments import Item, asked, in_words, pages
from trial.surveys.links import hash_of, parse_code, plane_of
from trial.surveys.models import Instrument
from trial.surveys.queries import Opened, opened
from trial.surveys.showing import shown_answer

COOKIE = "answer"
COOKIE_SECONDS = 3 * 60 * 60  # long enough for a pause, short enough for a borrowed screen
View = Callable[..., HttpResponse]


def for_respondents(view: View) -> View:
    """Let anyone in, keep what is read out of every cache, and say every refusal in the respondent's own page."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return render(request, "surveys/answer_refused.html", {"refusal": refusal}, status=refusal.status)

    decorated: View = login_not_required(planes.own_transactions(never_cache(run)))
    return decorated


@for_respondents
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The page where the code of a letter is typed."""
    form = CodeForm(request.POST or None)
    found = perform(form, lambda code: _typed(request, code))
    return _with_code(found) if found else render(request, "surveys/answer_enter.html", {"form": form})


@for_respondents
@require_GET
def open_link(request: HttpRequest, code: str) -> HttpResponse:
    """A link out of a message: the code leaves the address at once."""
    _opened(request, code)
    return _with_code(parse_code(code))


@for_respondents
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """What this is, how long it takes, and that nobody has to."""
    return render(request, "surveys/answer_start.html", {"opened": _mine(request)})


@for_respondents
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, number: int) -> HttpResponse:
    """One page of questions; leaving it saves it."""
    mine = _mine(request)
    every = _pages(mine)
    if not 1 <= number <= len(every):
        return redirect("surveys:answer_start")
    form = _form(mine, every[number - 1], request.POST if request.method == "POST" else None)
    with planes.entered(_plane(request)):
        saved = perform(form, actions.save_answers, by=None, invitation=mine.invitation)
    if saved:
        return redirect(_beside(_mine(request), number, forward="back" not in request.POST))
    context = {"opened": mine, "form": form, "number": number, "total": len(every), "instrument": every[number - 1][0]}
    return render(request, "surveys/answer_page.html", context)


@for_respondents
@require_POST
def save(request: HttpRequest, number: int) -> HttpResponse:
    """Save a page that is being answered; what script asks for at every answer."""
    mine = _mine(request)
    every = _pages(mine)
    if not 1 <= number <= len(every):
        return HttpResponse(status=404)
    form = _form(mine, every[number - 1], request.POST)
    with planes.entered(_plane(request)):
        saved = perform(form, actions.save_answers, by=None, invitation=mine.invitation)
    return render(request, "surveys/answer_saved.html", {"saved": saved})


@for_respondents
@require_http_methods(["GET", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Everything once more, and the button that hands it in."""
    mine = _mine(request)
    if request.method == "POST":
        with planes.entered(_plane(request)):
            actions.submit(by=None, invitation=mine.invitation)
        done = redirect("surveys:answer_thanks")
        done.delete_cookie(COOKIE, path=_path())
        return done
    return render(request, "surveys/answer_send.html", {"opened": mine, "rows": list(_rows(mine))})


@for_respondents
@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    """The answers have come."""
    return render(request, "surveys/answer_thanks.html")


def _typed(request: HttpRequest, code: str) -> str:
    """The symbols of a code that opens a questionnaire; a slip of the finger is put right at the field."""
    symbols = parse_code(code)
    try:
        _opened(request, symbols)
    except Refusal as refusal:
        if refusal.code != "unknown_code":
            raise
        raise Refusal(refusal.code, refusal.sentence, field="code", status=422) from refusal
    return symbols


def _opened(request: HttpRequest, code: str) -> Opened:
    """The questionnaire that a code opens, with a limit on trying codes."""
    address = get_client_ip_address(request) or ""
    plane = plane_of(hash_of(code))
    with planes.entered(plane):
        guessing.may_try(address)
        try:
            return opened()
        except Refusal as refusal:
            if refusal.code != "unknown_code":
                raise
            unknown = refusal
    with planes.entered(plane):
        guessing.missed(by=None, address=address)
    raise unknown


def _mine(request: HttpRequest) -> Opened:
    """The questionnaire of the code in the cookie.

    Raises:
        Refusal: `no_code` where there is none: the pause was too long, or the answers are sent and the way is back.
    """
    if COOKIE not in request.COOKIES:
        raise Refusal("no_code", _("Åpne lenken på nytt, eller skriv inn koden i brevet."), status=422)
    return _opened(request, request.COOKIES[COOKIE])


def _plane(request: HttpRequest) -> planes.Plane:
    return plane_of(hash_of(request.COOKIES.get(COOKIE, "")))


def _with_code(code: str) -> HttpResponse:
    response = redirect("surveys:answer_start")
    response.set_cookie(
        COOKIE,
        code,
        max_age=COOKIE_SECONDS,
        path=_path(),
        secure=not settings.RELAXED,
        httponly=True,
        samesite="Lax",
    )
    return response


def _path() -> str:
    return reverse("surveys:answer")


def _pages(mine: Opened) -> list[tuple[Instrument, tuple[Item, ...]]]:
    """The pages in their order, those that are not asked just now included: their numbers stay the same."""
    return [(instrument, part) for instrument in mine.instruments for part in pages(instrument.questions)]


def _asked_on(mine: Opened, place: tuple[Instrument, tuple[Item, ...]]) -> list[tuple[Instrument, Item]]:
    instrument, part = place
    own = {item: value for (code, item), value in mine.answers.items() if code == instrument.code}
    asked_now = asked(instrument.questions, own)
    return [(instrument, item) for item in part if item in asked_now]


def _form(mine: Opened, place: tuple[Instrument, tuple[Item, ...]], data: Any) -> AnswerForm:
    return AnswerForm(data, questions=_asked_on(mine, place), answers=mine.answers)


def _beside(mine: Opened, number: int, *, forward: bool) -> str:
    """The address of the next (or the previous) page that asks something."""
    every = _pages(mine)
    others = range(number + 1, len(every) + 1) if forward else range(number - 1, 0, -1)
    for other in others:
        if _asked_on(mine, every[other - 1]):
            return reverse("surveys:answer_page", args=[other])
    return reverse("surveys:answer_send" if forward else "surveys:answer_start")


def _rows(mine: Opened) -> Iterator[dict[str, str]]:
    """Every question that is asked with its answer and the page where it can be changed."""
    for number, place in enumerate(_pages(mine), start=1):
        for instrument, item in _asked_on(mine, place):
            answer = mine.answers.get((instrument.code, item.code), "")
            address = reverse("surveys:answer_page", args=[number])
            yield {"question": in_words(item.question), "answer": shown_answer(item, answer), "url": address}
