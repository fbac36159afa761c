"""The API as one ASGI application: its addresses, what they answer, its mistakes in one shape, its description.

Building imports FastAPI and makes the description, which takes most of a second: the door has it done when the API is
first asked for, in a thread (docs/decisions/0014). Only questions: nothing here writes.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

import anyio.to_thread
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from aggregator.shown.form import compact
from aggregator.web.api import models
from aggregator.web.api.backend import Backend
from aggregator.web.api.desk import DeskAnswers
from aggregator.web.api.record import RecordAnswers
from aggregator.web.app import Application
from aggregator.web.refusal import BROKEN, NOT_FOUND, Refusal, Refused
from store.ports import StoreError, StoreUnavailable

AT_ONCE = 4
"""Questions that are worked on at once; more of them wait, so that the daemon's own threads get their share."""
DESCRIPTION = "What feedwitness knows, to read: nothing here changes anything. docs/api.md tells it with examples."
REFUSALS = {
    400: "A parameter, query or cursor that cannot be meant.",
    401: "The token of [web] is needed and was not shown.",
    403: "A page of another site sent this.",
    404: "There is nothing of that name.",
    405: "Only GET, HEAD and OPTIONS are answered.",
    421: "Not our host name.",
    503: "The store is out of reach; `error` says how.",
}


class Address(NamedTuple):
    """One address: who answers, and what the answer is."""

    path: str
    answers: Callable[..., Response]
    model: type[BaseModel]


def addresses(backend: Backend) -> tuple[Address, ...]:
    """Every address of the API."""
    record, desk = RecordAnswers(backend), DeskAnswers(backend)
    return (
        Address("/api/status", desk.status, models.Status),
        Address("/api/head", record.head, models.Head),
        Address("/api/feeds", desk.feeds, models.Page[models.Feed]),
        Address("/api/feeds/{feed}", desk.feed, models.FeedCoverage),
        Address("/api/items", record.items, models.Page[models.Item]),
        Address("/api/items/{feed}/{item}", record.history, models.History),
        Address("/api/rules", desk.rules, models.Page[models.Rule]),
        Address("/api/rules/{rule}", desk.rule, models.RuleInFull),
        Address("/api/alerts", desk.alerts, models.Page[models.Delivery]),
        Address("/api/alerts/{alert}", desk.alert, models.Alert),
        Address("/api/events", record.events, models.EventPage),
    )


def build(backend: Backend) -> Application:
    """The API over this backend."""
    api = FastAPI(
        title="feedwitness",
        version=version("feedwitness"),
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(_few_at_once), Depends(_each_once)],
    )
    refusals: dict[int | str, dict[str, object]] = {
        status: {"model": models.Error, "description": told} for status, told in REFUSALS.items()
    }
    for address in addresses(backend):
        api.add_api_route(
            address.path,
            address.answers,
            methods=["GET"],
            response_model=address.model,
            responses=refusals,
            summary=(address.answers.__doc__ or "").partition("\n")[0],
            operation_id=address.answers.__name__,
        )
    _refuse(api)
    described = Response(compact(_description(api)), media_type="application/json")
    api.add_api_route("/api/openapi.json", lambda: described, methods=["GET"], include_in_schema=False)
    return api


async def _few_at_once() -> None:
    """Bound the threads of questions; their limiter belongs to the event loop, so it can only be had inside of one."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE


async def _each_once(request: Request) -> None:
    """A parameter that is given twice has no one meaning, and one that nobody reads has none."""
    names = [name for name, _ in request.query_params.multi_items()]
    if names and not request.scope["route"].dependant.query_params:
        raise _no_parameter(names[0])
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(400, "bad_parameter", f"`{twice[0][:50]}` is given more than once")


def _no_parameter(name: str) -> Refused:
    return Refused(400, "bad_parameter", f"`{name[:50]}` is no parameter of this address; docs/api.md lists them")


def _refuse(api: FastAPI) -> None:
    """Every mistake in the one shape of refusals."""

    def answer(refusal: Refusal) -> Response:
        return Response(refusal.body(), refusal.status, media_type="application/json")

    @api.exception_handler(Refused)
    async def refused(_request: Request, error: Refused) -> Response:
        return answer(error.refusal)

    @api.exception_handler(RequestValidationError)
    async def wrong(_request: Request, error: RequestValidationError) -> Response:
        return answer(_mistake(error))

    @api.exception_handler(HTTPException)
    async def nothing(_request: Request, _error: HTTPException) -> Response:
        return answer(NOT_FOUND)

    @api.exception_handler(StoreError)
    async def away(_request: Request, error: StoreError) -> Response:
        if isinstance(error, StoreUnavailable):
            return answer(Refusal(503, error.reason, str(error)))
        return answer(Refusal(500, "store_unreadable", str(error)))

    @api.exception_handler(Exception)
    async def broken(_request: Request, _error: Exception) -> Response:
        return answer(BROKEN)


def _mistake(error: RequestValidationError) -> Refusal:
    """The first mistake in the parameters, without repeating what was sent."""
    first = error.errors()[0]
    name = str(first["loc"][-1])[:50]
    if first["type"] == "extra_forbidden":
        return _no_parameter(name).refusal
    return Refusal(400, "bad_parameter", f"`{name}`: {first['msg']}")


def _description(api: FastAPI) -> dict[str, object]:
    """The OpenAPI document, with the token."""
    described = api.openapi()
    described["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "`token` of [web]; off loopback always needed."},
        "password": {"type": "http", "scheme": "basic", "description": "Any user name, the token as the password."},
    }
    described["security"] = [{}, {"token": []}, {"password": []}]
    return described
