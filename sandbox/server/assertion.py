"""The JWT bearer flow: assertions signed with the key of a certificate that the apps trust."""

from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from sandbox.server.errors import oauth_error
from sandbox.server.files import write_private
from sandbox.server.sessions import Sessions
from sandbox.server.users import User

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_NEEDED = ["iss", "sub", "aud", "exp"]


class Assertions:
    """A key pair drawn at the start, and the check of what is signed with it."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    def write_key(self, file: Path) -> None:
        """Write the private key as PEM, for its owner's eyes only."""
        write_private(
            file,
            self._key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def user(self, assertion: str, root: str) -> User | Response:
        """The user for whom the assertion speaks, or the refusal. Its issuer must be the app of
        its subject, its audience `root` or Salesforce's own log-in address.
        """
        try:
            said = jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=[root, *_LOGIN_HOSTS],
                options={"require": _NEEDED},
            )
        except jwt.ExpiredSignatureError:
            return oauth_error("invalid_grant", "expired authorization code")
        except jwt.InvalidAudienceError:
            return oauth_error("invalid_grant", "audience is invalid")
        except jwt.InvalidTokenError:
            return oauth_error("invalid_grant", "invalid assertion")
        user = self.sessions.of_app(str(said["iss"]))
        if user is None:
            return oauth_error("invalid_client_id", "client identifier invalid")
        if user.username.casefold() != str(said["sub"]).casefold():
            return oauth_error("invalid_grant", "user hasn't approved this consumer")
        return user
