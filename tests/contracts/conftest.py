"""What suites are given: a new store for each test, by each implementation, and a new driver of their phone."""

from __future__ import annotations

import pytest

from contracts.stores import STORES


@pytest.fixture(params=STORES.values(), ids=STORES)
def open_store(request, tmp_path):
    """Opens the test's store; opened anew it is what a server finds after a restart."""
    with request.param(tmp_path) as opens:
        yield opens


@pytest.fixture
def store(open_store):
    with open_store() as store:
        yield store


@pytest.fixture
def run(store):
    """Runs one unit of work, and returns what it returns."""
    return lambda work: store.submit(work).result(10)


@pytest.fixture
def driver(phone):
    driver = phone.driver()
    yield driver
    driver.close()
