"""Log-in: OAuth 2 (by password, client credentials, refresh token or JWT bearer), SOAP, and who
is logged in.
"""

import base64
import binascii
import html
import re
import secrets
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.server.assertion import GRANT, Assertions
from sandbox.server.errors import oauth_error
from sandbox.server.gate import bearer
from sandbox.server.sessions import Sessions
from sandbox.server.users import User

_SOAP = """<?xml version="1.0" encoding="UTF-8"?>\
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body>\
</soapenv:Envelope>"""
_OPENED = """<loginResponse><result><metadataServerUrl>{root}/m/{version}/{company}\
</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>true</sandbox>\
<serverUrl>{root}/u/{version}/{company}</serverUrl><sessionId>{token}</sessionId>\
<userId>{user}</userId></result></loginResponse>"""
_REFUSED = """<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: \
{reason}</faultstring><detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>\
INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>{reason}</sf:exceptionMessage>\
</sf:LoginFault></detail></soapenv:Fault>"""
_REASON = "Invalid username, password, security token; or user locked out."


class Login:
    """The endpoints by which a session is opened."""

    def __init__(self, sessions: Sessions, assertions: Assertions) -> None:
        self.sessions, self.assertions = sessions, assertions

    def routes(self) -> list[Route]:
        """The addresses served here."""
        return [
            Route("/services/oauth2/token", self.token, methods=["POST"]),
            Route("/services/oauth2/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/services/Soap/u/{version}", self.soap, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """An access token for a password with its security token, for an app's own secret, for a
        refresh token, or for a signed assertion.
        """
        form = {key: str(value) for key, value in (await request.form()).items()}
        grant = form.get("grant_type")
        if grant == GRANT:
            known = self.assertions.user(form.get("assertion", ""), _root(request))
        elif grant in ("password", "client_credentials", "refresh_token"):
            known = self._by_secret(form, _basic(request), grant)
        else:
            known = oauth_error("unsupported_grant_type", "grant type not supported")
        if isinstance(known, Response):
            return known
        root = _root(request)
        return JSONResponse(
            {
                "access_token": self.sessions.open(known),
                "instance_url": root,
                "id": f"{root}/id/{known.organization_id}/{known.user_id}",
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
                "scope": "api",
            }
        )

    def _by_secret(
        self, form: dict[str, str], basic: tuple[str, str] | None, grant: str
    ) -> User | Response:
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        runs_as = self.sessions.of_app(client_id)
        if runs_as is None:
            return oauth_error("invalid_client_id", "client identifier invalid")
        if not runs_as.has_app(client_id, secret):
            return oauth_error("invalid_client", "invalid client credentials")
        if grant == "client_credentials":
            return runs_as
        if grant == "refresh_token":
            refreshed = form.get("refresh_token", "").encode()
            if secrets.compare_digest(refreshed, runs_as.refresh_token.encode()):
                return runs_as
            return oauth_error("invalid_grant", "expired access/refresh token")
        user = self.sessions.of_password(form.get("username", ""), form.get("password", ""))
        return user or oauth_error("invalid_grant", "authentication failure")

    async def soap(self, request: Request) -> Response:
        """The SOAP `login` call; no other."""
        body = (await request.body()).decode("utf-8", "replace")
        version = request.path_params["version"]
        user = self.sessions.of_password(_element(body, "username"), _element(body, "password"))
        if user:
            opened = _OPENED.format(
                root=f"{_root(request)}/services/Soap",
                version=html.escape(version),
                company=user.organization_id,
                token=self.sessions.open(user),
                user=user.user_id,
            )
            return Response(_SOAP.format(opened), media_type="text/xml")
        refused = _SOAP.format(_REFUSED.format(reason=_REASON))
        return Response(refused, 500, media_type="text/xml")

    def userinfo(self, request: Request) -> Response:
        """The user of the session."""
        user = self.sessions.whose(bearer(request.headers))
        if user is None:
            return PlainTextResponse("Bad_OAuth_Token", 403)
        root = _root(request)
        return JSONResponse(
            {
                "sub": f"{root}/id/{user.organization_id}/{user.user_id}",
                "user_id": user.user_id,
                "organization_id": user.organization_id,
                "preferred_username": user.username,
                "name": user.name,
                "email": user.email,
                "active": True,
                "user_type": "STANDARD",
                "urls": {
                    "rest": f"{root}/services/data/v{{version}}/",
                    "query": f"{root}/services/data/v{{version}}/query/",
                    "sobjects": f"{root}/services/data/v{{version}}/sobjects/",
                },
            }
        )


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _basic(request: Request) -> tuple[str, str] | None:
    word, _, coded = request.headers.get("authorization", "").partition(" ")
    if word.casefold() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return name, secret


def _element(body: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>([^<]*)</", body)
    return html.unescape(found[1]) if found else ""
