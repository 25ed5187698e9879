"""Long lists in pages: the rows of a page in the list's order, with what is joined to them, in three queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trial.access.models import User
from trial.access.paging import LongPaginator


@pytest.fixture
def people(db):
    User.objects.bulk_create(User(username=f"person-{number:02d}", password="x") for number in range(23))
    return User.objects.filter(username__startswith="person-").order_by("-username")


def names(page):
    return [user.username for user in page]


@pytest.mark.parametrize(("number", "numbers"), [(1, range(22, 12, -1)), (2, range(12, 2, -1)), (3, (2, 1, 0))])
def test_a_page_has_its_rows_in_order(people, number, numbers):
    page = LongPaginator(people, 10).get_page(number)
    assert names(page) == [f"person-{each:02d}" for each in numbers]
    assert (page.has_previous(), page.has_next(), page.paginator.num_pages) == (number > 1, number < 3, 3)


@pytest.mark.parametrize(("asked", "found"), [("999", 3), ("x", 1), ("-1", 3), (None, 1)])
def test_an_odd_number_is_a_page_all_the_same(people, asked, found):
    assert LongPaginator(people, 10).get_page(asked).number == found


def test_an_empty_list_has_one_empty_page(people):
    page = LongPaginator(people.none(), 10).get_page(1)
    assert names(page) == []
    assert page.paginator.num_pages == 1


def test_a_page_asks_three_times(people):
    with CaptureQueriesContext(connection) as asked:
        names(LongPaginator(people, 10).get_page(2))
    assert len(asked) == 3
