"""The tags with which pages build on `templates/components`: icons, fields, components with a body, table cells.

They are built into the template engine, so no page loads them. Cells and icons are formatted here rather than by a
template each: a list of a hundred people has a thousand of them.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Page
from django.forms import BoundField
from django.template import Context, Engine, RequestContext
from django.template.loader import render_to_string
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from trial.config import assets

register = template.Library()

CELL = "aksel-table__data-cell aksel-body-short aksel-body-short--small"
HEADER_CELL = "aksel-table__header-cell aksel-label aksel-label--small"
SORT_ICONS = {"ascending": "SortUp", "descending": "SortDown", "none": "ChevronUpDown"}


@register.simple_tag
def icon(name: str, css: str = "", title: str = "") -> SafeString:
    """Aksel's icon `name` as inline SVG; decoration unless it has a title. Nothing before the assets are built."""
    drawings = assets.icons()
    if drawings and name not in drawings:
        raise ImproperlyConfigured(f"Aksel has no icon {name!r}.")
    meaning = format_html('role="img" aria-label="{}"', title) if title else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" width="1em" height="1em" viewBox="0 0 24 24" fill="none" focusable="false" {}>{}</svg>',
        css,
        meaning,
        mark_safe(drawings.get(name, "")),  # noqa: S308 - the drawing is Aksel's
    )


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A form's field in full: label, description, control, error."""
    return bound.as_field_group()


@register.simple_block_tag(takes_context=True)
def component(context: Context, content: str, name: str, **parameters: Any) -> SafeString:
    """Render `components/<name>.html` around a body. It sees its parameters and the request, nothing of the page."""
    known = {key: context[key] for key in ("request", "csrf_token") if key in context}
    partial = Engine.get_default().get_template(f"components/{name}.html")
    return partial.render(context.new({**known, **parameters, "content": _stripped(content)}))


@register.simple_block_tag
def tr(content: str, *, id: str = "", selected: bool = False) -> SafeString:
    """A table's row."""
    css = "aksel-table__row aksel-table__row--shade-on-hover" + (" aksel-table__row--selected" if selected else "")
    return format_html("<tr{}>{}</tr>", _attributes(id=id, **{"class": css}), content)


@register.simple_block_tag
def td(
    content: str,
    *,
    numeric: bool = False,
    nowrap: bool = False,
    span: int = 0,
    id: str = "",
) -> SafeString:
    """A table's data cell; numbers stand to the right."""
    css = CELL + _alignment("data", numeric) + (" app-nowrap" if nowrap else "")
    return format_html("<td{}>{}</td>", _attributes(id=id, colspan=span, **{"class": css}), _stripped(content))


@register.simple_block_tag(takes_context=True)
def th(
    context: RequestContext, content: str, *, row: bool = False, numeric: bool = False, span: int = 0, sort: str = ""
) -> SafeString:
    """A table's header cell, of its column or (row=True) its row; with `sort` a link that sorts by that key."""
    attributes = {
        "class": HEADER_CELL + _alignment("header", numeric),
        "scope": "row" if row else "col",
        "colspan": span,
    }
    if sort:
        direction = _direction(context, sort)
        attributes["aria-sort"] = direction
        content = _sort_link(context, content, sort, direction)
    return format_html("<th{}>{}</th>", _attributes(**attributes), _stripped(content))


@register.simple_tag
def cell(value: Any) -> Any:
    """What stands in a data table's cell: a value, a link {"text", "url"} or a tag {"text", "tag": its colour}."""
    if not isinstance(value, dict):
        return localize(value)
    if value.get("tag"):
        return render_to_string("components/tag.html", {"text": value["text"], "color": value["tag"]})
    if value.get("url"):
        return format_html('<a class="aksel-link" href="{}">{}</a>', value["url"], value["text"])
    return value["text"]


@register.simple_tag
def data_row(row: Sequence[Any], columns: Sequence[dict[str, Any]]) -> SafeString:
    """A row of a data table: its header and its cells. Cells beyond the columns are shown, as text."""
    if not row:
        return mark_safe("")
    header, *others = row
    numeric = [bool(column.get("numeric")) for column in columns[1 : len(row)]]
    cells = [
        f'<td class="{CELL}{_alignment("data", right)}">{conditional_escape(cell(value))}</td>'
        for value, right in zip_longest(others, numeric, fillvalue=False)
    ]
    head = f'<th class="{HEADER_CELL}" scope="row">{conditional_escape(cell(header))}</th>'
    return mark_safe(head + "".join(cells))  # noqa: S308 - put together at once: tables have thousands of cells


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    """The numbers that pagination shows: first, last and those near the page at hand."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.filter
def share(value: float, total: float) -> int:
    """`value` of `total` in whole per cent, never outside 0-100: the number of a width class."""
    return max(0, min(100, round(100 * float(value or 0) / float(total)))) if total else 0


@register.filter
def json_island(value: Any, owner: str) -> SafeString:
    """`value` as a data block that script reads and the policy allows, for the element with the id `owner`."""
    return json_script(value, f"{owner}-spec")


def _stripped(content: str) -> SafeString:
    """What a block tag's body rendered to, escaped already, without the space around it."""
    return mark_safe(content.strip())  # noqa: S308


def _alignment(kind: str, numeric: bool) -> str:
    return f" aksel-table__{kind}-cell--align-right app-num" if numeric else ""


def _attributes(**attributes: Any) -> SafeString:
    return format_html_join("", ' {}="{}"', [(name, value) for name, value in attributes.items() if value])


def _direction(context: RequestContext, key: str) -> str:
    chosen = context.request.GET.get("sort", "")
    return {key: "ascending", f"-{key}": "descending"}.get(chosen, "none")


def _sort_link(context: RequestContext, content: str, key: str, direction: str) -> SafeString:
    query = context.request.GET.copy()
    query["sort"] = f"-{key}" if direction == "ascending" else key
    query.pop("page", None)
    return format_html(
        '<a class="aksel-table__sort-button app-sort" href="?{}">{}<span class="aksel-sr-only"> {}</span>{}</a>',
        query.urlencode(),
        content,
        _("(sorter)"),
        icon(SORT_ICONS[direction]),
    )
