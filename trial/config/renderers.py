"""How an answer of the API looks to somebody who opens its address in a browser."""

from typing import Any

from django.template import loader
from django.utils.translation import gettext as _
from rest_framework.renderers import BrowsableAPIRenderer

PAGE = {"next", "previous", "results"}  # what a page of a list consists of


class ApiPage(BrowsableAPIRenderer):
    """The answer as a program gets it, in the house's look, with what the address does.

    Nothing is sent from here: Django REST Framework's own page brings forms, and styles that the CSP refuses.
    """

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: dict[str, Any] | None = None
    ) -> str:
        given = renderer_context or {}
        view, request, response = given["view"], given["request"], given["response"]
        page = data if isinstance(data, dict) and set(data) == PAGE else {}
        context = {
            "name": self.get_name(view),
            "description": self.get_description(view, response.status_code),
            "facts": [
                {"label": _("Adresse"), "value": request.get_full_path()},
                {"label": _("Metoder"), "value": ", ".join(view.allowed_methods)},
                {"label": _("Svar"), "value": f"{response.status_code} {response.status_text}"},
            ],
            "content": self.get_content(self.get_default_renderer(view), data, "application/json", given),
            "next": page.get("next"),
            "previous": page.get("previous"),
        }
        return loader.get_template("components/api.html").render(context, request._request)
