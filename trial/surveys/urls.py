"""Addresses of this room. Those of respondents begin with `answer/` and need no sign-in."""

from django.urls import path, re_path

from trial.enrolment import extract
from trial.enrolment.sections import register
from trial.surveys import design_pages, extracts, pages, respondents, sections

register(sections.questionnaires)
extract.register(extracts.questionnaires)

HERE = "trials/<slug:trial>/surveys"

app_name = "surveys"
urlpatterns = [
    path("answer/", respondents.enter, name="answer"),
    path("answer/start/", respondents.start, name="answer_start"),
    path("answer/send/", respondents.send, name="answer_send"),
    path("answer/thanks/", respondents.thanks, name="answer_thanks"),
    path("answer/<int:number>/", respondents.page, name="answer_page"),
    path("answer/<int:number>/save/", respondents.save, name="answer_save"),
    re_path(r"^answer/(?P<code>[A-Za-z0-9-]{16,40})/$", respondents.open_link, name="open"),
    path(f"{HERE}/", pages.overview, name="overview"),
    path(f"{HERE}/open/", pages.open_waves, name="open_waves"),
    path(f"{HERE}/plan/", design_pages.plan, name="plan"),
    path(f"{HERE}/plan/standard/", design_pages.use_standard, name="use_standard"),
    path(f"{HERE}/plan/waves/<str:code>/", design_pages.wave, name="wave"),
    path(f"{HERE}/plan/instruments/", design_pages.new_instrument, name="new_instrument"),
    path(f"{HERE}/plan/instruments/<slug:code>/", design_pages.instrument, name="instrument"),
    path(f"{HERE}/plan/instruments/<slug:code>/questions/", design_pages.item, name="new_item"),
    path(f"{HERE}/plan/instruments/<slug:code>/questions/<slug:item>/", design_pages.item, name="item"),
    path(f"{HERE}/plan/instruments/<slug:code>/questions/<slug:item>/remove/", design_pages.remove_item, name="remove"),
    path(f"{HERE}/<uuid:key>/", pages.invitation, name="invitation"),
    path(f"{HERE}/<uuid:key>/send/", pages.send_link, name="send_link"),
    path(f"{HERE}/<uuid:key>/letter/", pages.letter, name="letter"),
    path(f"{HERE}/<uuid:key>/answers/", pages.type_answers, name="type_answers"),
]
