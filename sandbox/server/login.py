"""Log-in: OAuth 2 (password, client credentials), SOAP, and who is logged in."""

import base64
import binascii
import html
import re
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.server.gate import bearer
from sandbox.server.sessions import Sessions

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

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def routes(self) -> list[Route]:
        """The addresses served here."""
        return [
            Route("/services/oauth2/token", self.token, methods=["POST"]),
            Route("/services/oauth2/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/services/Soap/u/{version}", self.soap, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """An access token for a password with its security token, or for an app's own secret."""
        form = {key: str(value) for key, value in (await request.form()).items()}
        client = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        grant = form.get("grant_type")
        if grant not in ("password", "client_credentials"):
            return _oauth_error("unsupported_grant_type", "grant type not supported")
        if client[0] != self.sessions.client_id:
            return _oauth_error("invalid_client_id", "client identifier invalid")
        if not self.sessions.knows_client(*client):
            return _oauth_error("invalid_client", "invalid client credentials")
        user = (form.get("username", ""), form.get("password", ""))
        if grant == "password" and not self.sessions.knows_user(*user):
            return _oauth_error("invalid_grant", "authentication failure")
        identity, root = self.sessions.identity, _root(request)
        return JSONResponse(
            {
                "access_token": self.sessions.open(),
                "instance_url": root,
                "id": f"{root}/id/{identity.organization_id}/{identity.user_id}",
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
                "scope": "api",
            }
        )

    async def soap(self, request: Request) -> Response:
        """The SOAP `login` call; no other."""
        body = (await request.body()).decode("utf-8", "replace")
        version = request.path_params["version"]
        identity = self.sessions.identity
        if self.sessions.knows_user(_element(body, "username"), _element(body, "password")):
            opened = _OPENED.format(
                root=f"{_root(request)}/services/Soap",
                version=html.escape(version),
                company=identity.organization_id,
                token=self.sessions.open(),
                user=identity.user_id,
            )
            return Response(_SOAP.format(opened), media_type="text/xml")
        refused = _SOAP.format(_REFUSED.format(reason=_REASON))
        return Response(refused, 500, media_type="text/xml")

    def userinfo(self, request: Request) -> Response:
        """The user of the session."""
        if not self.sessions.is_open(bearer(request.headers)):
            return PlainTextResponse("Bad_OAuth_Token", 403)
        identity, root = self.sessions.identity, _root(request)
        return JSONResponse(
            {
                "sub": f"{root}/id/{identity.organization_id}/{identity.user_id}",
                "user_id": identity.user_id,
                "organization_id": identity.organization_id,
                "preferred_username": identity.username,
                "name": identity.name,
                "email": identity.email,
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


def _oauth_error(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)


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
