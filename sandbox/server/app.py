"""The application: every route of the organisation behind one gate."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox.server import composite
from sandbox.server.assertion import Assertions
from sandbox.server.bulk import Bulk
from sandbox.server.calls import Log
from sandbox.server.control import Control
from sandbox.server.describe import Describe
from sandbox.server.errors import (
    ApiError,
    answer_api_error,
    answer_fault,
    answer_method,
    answer_missing,
    answer_soql_error,
)
from sandbox.server.faults import Fault, Faults
from sandbox.server.gate import Dated, Gate, Usage
from sandbox.server.login import Login
from sandbox.server.organisation import Organisation
from sandbox.server.rest import Rest
from sandbox.server.sessions import Sessions
from sandbox.soql.errors import SoqlError

BULK_PAGES = 25  # a page of Bulk 2 holds so many pages of REST


def application(
    organisation: Organisation, sessions: Sessions, assertions: Assertions, page_size: int
) -> Starlette:
    """The organisation's API. `page_size` is the most rows of a page of REST."""
    usage, log = Usage(organisation.clock), Log()
    faults: list[Fault] = []
    bulk = Bulk(organisation, usage, page_size * BULK_PAGES)
    rest = Rest(organisation, usage, page_size)

    def held(name: str) -> str | None:
        return bulk.source(name) or rest.cursors.source(name)

    return Starlette(
        routes=[
            *Login(sessions, assertions).routes(),
            *bulk.routes(),
            *Describe().routes(),
            *rest.routes(),
            *composite.routes(),
            *Control(organisation.clock, sessions, faults, log).routes(),
        ],
        middleware=[
            Middleware(Dated, clock=organisation.clock),
            Middleware(Faults, faults=faults, log=log, held=held, fail=bulk.fail),
            Middleware(Gate, sessions=sessions, usage=usage),
        ],
        exception_handlers={
            ApiError: answer_api_error,
            SoqlError: answer_soql_error,
            404: answer_missing,
            405: answer_method,
            Exception: answer_fault,
        },
    )
