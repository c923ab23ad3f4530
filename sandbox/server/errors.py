"""How the service refuses: a JSON list of one error, with its HTTP status."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.soql.errors import SoqlError


class ApiError(Exception):
    """A refusal other than of a query: the HTTP status, the code and the message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)

    def response(self) -> Response:
        """The refusal as the service writes it."""
        body = [{"message": self.message, "errorCode": self.code}]
        return JSONResponse(body, self.status)


def not_found() -> ApiError:
    """Nothing lives at that address."""
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def oauth_error(error: str, description: str) -> Response:
    """The refusal of a log-in."""
    return JSONResponse({"error": error, "error_description": description}, 400)


def answer_api_error(_: Request, error: Exception) -> Response:
    """For Starlette: an ApiError becomes its response."""
    if not isinstance(error, ApiError):
        raise error
    return error.response()


def answer_soql_error(_: Request, error: Exception) -> Response:
    """For Starlette: a refused query is a bad request."""
    if not isinstance(error, SoqlError):
        raise error
    return ApiError(400, error.code, error.message).response()


def answer_missing(_: Request, error: Exception) -> Response:
    """For Starlette: an address that no route knows."""
    return not_found().response()


def answer_fault(_: Request, error: Exception) -> Response:
    """For Starlette: a fault of the server's own; the log has the rest."""
    return ApiError(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.").response()


def answer_method(request: Request, _: Exception) -> Response:
    """For Starlette: a method that the address does not take."""
    message = f"HTTP Method '{request.method}' not allowed"
    return ApiError(405, "METHOD_NOT_ALLOWED", message).response()
