"""What each address asks of whoever calls it: the rights matrix, declared once.

Pages, API, partial updates and downloads alike, by the names that `urls` gives them. `admission` holds every request to
it before the view runs. A test calls every address as every role, at the own office, at another one and from another
trial, and finds exactly what stands here; an address without a line here fails it. The auditor reads it as a page.
"""

from dataclasses import dataclass
from enum import StrEnum

from trial.access.permissions import Permission as P


class Open(StrEnum):
    """Whom an address asks for no right in a trial."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    FOUNDER = "founder"  # whoever leads a trial, or is staff without a role in any


@dataclass(frozen=True)
class Rule:
    """Who may call an address. Any one of the rights is enough; None: that method does not exist there.

    `confirmed`: the caller must have proved within minutes who they are. `per_person`: about what is at one office, so
    that a role held at another office does not find it. `once_opened`: rights that are enough when the arms are known.
    `also`: rights that are needed besides.
    """

    get: frozenset[P] | Open | None = None
    post: frozenset[P] | Open | None = None
    confirmed: bool = False
    per_person: bool = False
    once_opened: frozenset[P] = frozenset()
    also: frozenset[P] = frozenset()

    def of(self, method: str | None, *, opened: bool = False) -> frozenset[P] | Open | None:
        asked = self.get if method in ("GET", "HEAD", "OPTIONS") else self.post
        return asked | self.once_opened if opened and isinstance(asked, frozenset) else asked

    @property
    def methods(self) -> list[str]:
        return [method for method in ("GET", "POST") if self.of(method) is not None]


def reads(*rights: P, confirmed: bool = False) -> Rule:
    return Rule(get=frozenset(rights), confirmed=confirmed)


def writes(*rights: P, confirmed: bool = False) -> Rule:
    return Rule(post=frozenset(rights), confirmed=confirmed)


def both(*rights: P, confirmed: bool = False) -> Rule:
    return Rule(get=frozenset(rights), post=frozenset(rights), confirmed=confirmed)


def at_office(rule: Rule) -> Rule:
    return Rule(rule.get, rule.post, rule.confirmed, per_person=True)


ANYONE = Rule(get=Open.ANYONE, post=Open.ANYONE)
SIGNED_IN = Rule(get=Open.SIGNED_IN, post=Open.SIGNED_IN)

SIGN_IN = {
    **dict.fromkeys(
        [
            "account_login",
            "account_logout",
            "account_inactive",
            "mfa_authenticate",
            "mfa_login_webauthn",
            "openid_connect_login",
            "openid_connect_callback",
            "socialaccount_login_cancelled",
            "socialaccount_login_error",
        ],
        ANYONE,
    ),
    **dict.fromkeys(
        [
            "account_reauthenticate",
            "account_change_password",
            "mfa_index",
            "mfa_reauthenticate",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
            "mfa_download_recovery_codes",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_reauthenticate_webauthn",
            "mfa_remove_webauthn",
            "mfa_edit_webauthn",
        ],
        SIGNED_IN,
    ),
}

HOUSE = {
    "config:language": ANYONE,
    "config:theme": ANYONE,
    "config:styleguide": ANYONE,
    "config:styleguide_live": ANYONE,
    "config:rights": reads(P.SEE_AUDIT),
    "schema": Rule(get=Open.SIGNED_IN),
    "home:index": Rule(get=Open.SIGNED_IN),
    "home:trial": reads(P.SEE_TRIAL),
    "home:audit": reads(P.SEE_AUDIT),
}

MONITORING = {
    **dict.fromkeys(
        [
            "monitoring:dashboard",
            "monitoring:flow",
            "monitoring:groups",
            "monitoring:data",
            "monitoring:reports",
            "monitoring:table_csv",
            "monitoring:report_pdf",
        ],
        reads(P.SEE_MONITORING),
    ),
    **dict.fromkeys(
        ["monitoring:flow_list", "monitoring:flow_arm_list"],
        Rule(get=frozenset({P.SEE_MONITORING}), also=frozenset({P.SEE_PARTICIPANTS})),
    ),
}

STUDIES = {
    "studies:trials": Rule(get=Open.SIGNED_IN),
    "studies:create": Rule(get=Open.FOUNDER, post=Open.FOUNDER),
    "studies:setup": reads(P.SEE_TRIAL),
    "studies:step": both(P.MANAGE_TRIAL),
    "studies:move": writes(P.MANAGE_TRIAL),
    "studies:members": both(P.MANAGE_TRIAL),
    "studies:end_membership": writes(P.MANAGE_TRIAL),
    "studies:group_roles": both(P.MANAGE_TRIAL),
    "studies:take_group_role": writes(P.MANAGE_TRIAL),
    "studies:recruiting": both(P.MANAGE_TRIAL),
    "studies:remove_office": writes(P.MANAGE_TRIAL),
}

ENROLMENT = {
    "enrolment:conditions": reads(P.SEE_TRIAL),
    "enrolment:criteria": both(P.MANAGE_TRIAL),
    "enrolment:publish": both(P.MANAGE_TRIAL),
    "enrolment:participants": reads(P.SEE_PARTICIPANTS),
    "enrolment:search": both(P.SEE_PARTICIPANTS),
    "enrolment:new": both(P.ENROL),
    "enrolment:eligibility": at_office(both(P.ENROL)),
    "enrolment:person": at_office(both(P.ENROL)),
    "enrolment:consent": at_office(both(P.ENROL)),
    "enrolment:summary": at_office(reads(P.ENROL)),
    "enrolment:discard": at_office(writes(P.ENROL)),
    "enrolment:participant": at_office(reads(P.SEE_PARTICIPANTS)),
    "enrolment:withdrawal": at_office(both(P.WITHDRAW)),
    "enrolment:screen": at_office(both(P.ENROL)),
    "enrolment:letter": reads(P.SEE_TRIAL),
    "enrolment:displays": both(P.REVIEW_DISPLAYS),
    "enrolment:correction": at_office(both(P.ENROL)),
    "enrolment:shield": at_office(both(P.ENROL)),
    "enrolment:scan": at_office(both(P.ENROL)),
    "enrolment:scan_file": at_office(reads(P.SEE_IDENTITY)),
    "enrolment:extract_pdf": at_office(writes(P.ENROL)),
    "enrolment:extract_json": at_office(writes(P.ENROL)),
    "enrolment:api_checks": writes(P.ENROL),
    "enrolment:api_participants": Rule(get=frozenset({P.SEE_PARTICIPANTS}), post=frozenset({P.ENROL})),
    "enrolment:api_participant": at_office(reads(P.SEE_PARTICIPANTS)),
    "enrolment:api_consents": at_office(Rule(get=frozenset({P.SEE_PARTICIPANTS}), post=frozenset({P.ENROL}))),
    "enrolment:api_withdrawal": at_office(writes(P.WITHDRAW)),
}

ALLOCATION = {
    "allocation:protocol": Rule(get=frozenset({P.SEE_LOG}), post=frozenset({P.LOCK_PROTOCOL})),
    "allocation:lock": writes(P.LOCK_PROTOCOL, confirmed=True),
    "allocation:beacon": writes(P.LOCK_PROTOCOL),
    "allocation:offices": writes(P.MANAGE_TRIAL),
    "allocation:key": both(P.OPEN_TRIAL),
    "allocation:recover": writes(P.OPEN_TRIAL, confirmed=True),
    "allocation:draw_room": reads(P.SEE_WAITING),
    "allocation:log": reads(P.SEE_LOG),
    "allocation:checkpoint": writes(P.SEE_LOG),
    "allocation:checkpoints_file": reads(P.SEE_LOG),
    "allocation:bundle_file": reads(P.SEE_LOG),
    "allocation:anchors_file": reads(P.SEE_LOG),
    "allocation:parcel": reads(P.SEE_LOG),
    "allocation:verdict": reads(P.SEE_LOG),
    "allocation:opening": both(P.OPEN_TRIAL, confirmed=True),
    "allocation:enrol": at_office(writes(P.ENROL)),
    "allocation:receipt": at_office(reads(P.SEE_ARM)),
    "allocation:receipt_sheet": at_office(reads(P.SEE_ARM)),
    "allocation:receipt_file": at_office(reads(P.SEE_ARM)),
    "allocation:correction": at_office(both(P.RECORD_DEVIATION)),
    "allocation:corrections": reads(P.SEE_LOG),
    "allocation:decide": writes(P.MANAGE_TRIAL),
    "allocation:api_waiting": reads(P.SEE_WAITING),
    "allocation:api_draws": writes(P.ENROL, P.DRAW),
    "allocation:api_checkpoints": both(P.SEE_LOG),
    "allocation:api_receipt": at_office(reads(P.SEE_ARM)),
    "allocation:api_bundle": reads(P.SEE_LOG),
    "allocation:api_anchors": reads(P.SEE_LOG),
}

FOLLOWUP = {
    "followup:caseloads": both(P.SEE_CASELOADS),
    "followup:appoint": both(P.ASSIGN),
    "followup:position": at_office(both(P.ASSIGN)),
    "followup:colleague": at_office(reads(P.ASSIGN)),
    "followup:portfolio": reads(P.FOLLOW_UP),
    "followup:follow_up": at_office(reads(P.SEE_IDENTITY)),
    "followup:act": at_office(writes(P.FOLLOW_UP, P.ASSIGN, P.RECORD_DEVIATION)),
    "followup:history": at_office(reads(P.SEE_IDENTITY)),
    "followup:absence": at_office(writes(P.ASSIGN)),
    "followup:cancel_absence": at_office(writes(P.ASSIGN)),
    "followup:job": at_office(both(P.FOLLOW_UP)),
    "followup:employers": reads(P.FOLLOW_UP),
    "followup:add_employer": both(P.FOLLOW_UP),
    "followup:employer": at_office(both(P.FOLLOW_UP)),
    "followup:change_employer": at_office(both(P.FOLLOW_UP)),
    "followup:guidelines": both(P.MANAGE_TRIAL),
    "followup:norms": reads(P.SEE_CASELOADS),
    "followup:fidelity": reads(P.SEE_CASELOADS),
    "followup:review": both(P.SEE_CASELOADS),
    "followup:reviewed": at_office(reads(P.SEE_CASELOADS)),
    "followup:usage": Rule(get=frozenset({P.SEE_PARTICIPANTS}), once_opened=frozenset({P.SEE_MONITORING})),
    "followup:find_deviations": writes(P.RECORD_DEVIATION),
    "followup:resolve_deviation": at_office(both(P.RECORD_DEVIATION)),
    "followup:take_back_deviation": at_office(writes(P.RECORD_DEVIATION)),
    "followup:correct": at_office(both(P.FOLLOW_UP)),
    "followup:take_back": at_office(writes(P.FOLLOW_UP)),
    "followup:act_form": at_office(reads(P.SEE_IDENTITY)),
    "followup:end_measure": at_office(writes(P.FOLLOW_UP)),
    "followup:deviations": reads(P.SEE_PARTICIPANTS, P.SEE_MONITORING),
    "followup:api_caseloads": reads(P.SEE_CASELOADS),
    "followup:api_contacts": both(P.FOLLOW_UP),
    "followup:api_correct_contact": at_office(writes(P.FOLLOW_UP)),
    "followup:api_take_back_contact": at_office(writes(P.FOLLOW_UP)),
    "followup:api_measures": Rule(get=frozenset({P.SEE_PARTICIPANTS}), post=frozenset({P.FOLLOW_UP})),
    "followup:api_correct_measure": at_office(writes(P.FOLLOW_UP)),
    "followup:api_take_back_measure": at_office(writes(P.FOLLOW_UP)),
}

SURVEYS = {
    **dict.fromkeys(
        [
            "surveys:answer",
            "surveys:answer_start",
            "surveys:answer_send",
            "surveys:answer_thanks",
            "surveys:answer_page",
            "surveys:answer_save",
            "surveys:open",
        ],
        ANYONE,  # by a personal link: whoever holds it sees the own questionnaire and nothing else
    ),
    "surveys:overview": reads(P.SEE_SURVEYS),
    "surveys:open_waves": writes(P.SURVEY),
    "surveys:plan": reads(P.MANAGE_TRIAL),
    "surveys:use_standard": writes(P.MANAGE_TRIAL),
    "surveys:wave": both(P.MANAGE_TRIAL),
    "surveys:new_instrument": both(P.MANAGE_TRIAL),
    "surveys:instrument": reads(P.MANAGE_TRIAL),
    "surveys:new_item": both(P.MANAGE_TRIAL),
    "surveys:item": both(P.MANAGE_TRIAL),
    "surveys:remove": writes(P.MANAGE_TRIAL),
    "surveys:invitation": at_office(reads(P.SURVEY)),
    "surveys:send_link": at_office(writes(P.SURVEY)),
    "surveys:letter": at_office(writes(P.SURVEY)),
    "surveys:type_answers": at_office(both(P.SURVEY)),
}

RESEARCH = {
    "registers:deliver_answers": writes(P.DELIVER),
    "registers:key_files": both(P.APPROVE_LINKAGE),
    "registers:approve_key_file": writes(P.APPROVE_LINKAGE, confirmed=True),
    "registers:fetch_key_file": writes(P.LINK, confirmed=True),
    "registers:package": writes(P.LINK),
    "registers:deliveries": reads(P.SEE_DELIVERIES),
    "registers:deliver": both(P.DELIVER),
    "registers:delivery": reads(P.SEE_DELIVERIES),
    "registers:accept": writes(P.DECIDE_DELIVERY),
    "registers:reject": writes(P.DECIDE_DELIVERY),
    "registers:report_json": reads(P.SEE_DELIVERIES),
    "registers:rejected_csv": reads(P.SEE_DELIVERIES),
    "registers:columns": both(P.DELIVER),
    "registers:columns_anew": writes(P.DECIDE_DELIVERY),
    "registers:dropped": both(P.DELIVER),
    "registers:retention": both(P.DECIDE_DELIVERY),
    "registers:proof": reads(P.DECIDE_DELIVERY),
    "registers:throw_upload": writes(P.DELIVER),
    "registers:api_uploads": both(P.DELIVER),
    "registers:api_upload": both(P.DELIVER),
    "registers:api_finish_upload": writes(P.DELIVER),
    "registers:api_deliveries": Rule(get=frozenset({P.SEE_DELIVERIES}), post=frozenset({P.DELIVER})),
    "registers:api_delivery": reads(P.SEE_DELIVERIES),
    "analyses:plans": reads(P.SEE_PLAN),
    "analyses:propose": both(P.LOCK_PLAN),
    "analyses:plan": reads(P.SEE_PLAN),
    "analyses:plan_json": reads(P.SEE_PLAN),
    "analyses:lock": writes(P.LOCK_PLAN, confirmed=True),
    "analyses:rehearse": writes(P.RUN_ANALYSIS),
    "analyses:start": writes(P.RUN_ANALYSIS),
    "analyses:explore": both(P.RUN_ANALYSIS),
    "analyses:runs": reads(P.SEE_UNRELEASED),
    "analyses:run": reads(P.SEE_UNRELEASED),
    "analyses:finding": reads(P.SEE_UNRELEASED),
    "analyses:cancel": writes(P.RUN_ANALYSIS),
    "analyses:results_json": reads(P.SEE_UNRELEASED),
    "analyses:manifest_json": reads(P.SEE_UNRELEASED),
    "analyses:tables_xlsx": reads(P.SEE_UNRELEASED),
    "analyses:table_csv": reads(P.SEE_UNRELEASED),
    "analyses:figure_svg": reads(P.SEE_UNRELEASED),
    "analyses:figure_png": reads(P.SEE_UNRELEASED),
    "analyses:api_runs": Rule(get=frozenset({P.SEE_UNRELEASED}), post=frozenset({P.RUN_ANALYSIS})),
    "analyses:api_run": reads(P.SEE_UNRELEASED),
    "results:results": reads(P.SEE_RESULTS),
    "results:ask": both(P.RUN_ANALYSIS),
    "results:release": reads(P.SEE_RESULTS),
    "results:finding": reads(P.SEE_RESULTS),
    "results:let_out": writes(P.RELEASE_RESULTS, confirmed=True),
    "results:keep_back": writes(P.RELEASE_RESULTS),
    "results:results_json": reads(P.SEE_RESULTS),
    "results:tables_xlsx": reads(P.SEE_RESULTS),
    "results:table_csv": reads(P.SEE_RESULTS),
    "results:figure_svg": reads(P.SEE_RESULTS),
    "results:figure_png": reads(P.SEE_RESULTS),
    "results:api_results": reads(P.SEE_RESULTS),
    "results:api_release": reads(P.SEE_RESULTS),
}

RULES: dict[str, Rule] = SIGN_IN | HOUSE | STUDIES | ENROLMENT | ALLOCATION | FOLLOWUP | SURVEYS | MONITORING | RESEARCH
