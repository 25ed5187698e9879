"""Pages of lists that may be long."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class LongPaginator(Paginator):  # type: ignore[type-arg]  # the class takes none at run time
    """Pages of rows of the database, sorted by their keys alone before those of the page are fetched.

    Sorting forty thousand whole rows, with all that is joined to them, takes several times as long.
    """

    object_list: QuerySet[Any]

    def page(self, number: int | str) -> Page:  # type: ignore[type-arg]
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        keys = list(self.object_list.values_list("pk", flat=True)[first : first + self.per_page])
        rows = self.object_list.order_by().in_bulk(keys)
        return Page([rows[key] for key in keys if key in rows], number, self)
