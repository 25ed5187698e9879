"""Files that a page hands out."""

from typing import Any

from django.http import HttpResponse, JsonResponse


def json_file(content: Any, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(content, safe=False, headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 1})
