"""How the driver shows who it is, and whom it trusts (linstor.md 3.3).

TLS is always verified: against `ca_file`, else against the certificate authorities of the system. So a controller
with a certificate of its own needs `ca_file`. Credentials are not sent over plain HTTP, unless the environment
says LINSTOR_ALLOW_INSECURE_AUTH=yes; a request without them then gets the controller's own refusal.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import BadConfiguration
from domain.masking import keep_secret
from domain.settings import ORDER_ID, StorageSettings


@dataclass(frozen=True)
class Access:
    """Credentials and certificates; secrets never show in its text form.

    *order_id* goes along in the `User-Agent`, which LINSTOR writes into its error reports and its access log.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    allow_plain: bool = False
    order_id: str = ""

    @property
    def secret(self) -> bool:
        """Whether there is something that must not travel in clear text."""
        return bool(self.user or self.token)

    def tls(self) -> ssl.SSLContext:
        """The verified TLS context. Raises BadConfiguration for a file that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file or None)
        except OSError as error:
            raise BadConfiguration(
                f"LINSTOR_CA_FILE, LINSTOR_CERT_FILE or LINSTOR_KEY_FILE cannot be used: {error.strerror or error}"
            ) from error
        return context


def access_of(settings: StorageSettings, environment: Mapping[str, str]) -> Access:
    """The access that a datastore describes; a file stands in for a missing value. Raises BadConfiguration."""
    password = settings.password or _content("LINSTOR_PASSWORD_FILE", settings.password_file)
    token = settings.token or _content("LINSTOR_TOKEN_FILE", settings.token_file)
    keep_secret(password, token)
    if password:
        keep_secret(b64encode(f"{settings.user}:{password}".encode()).decode())
    return Access(
        user=settings.user,
        password=password,
        token=_sendable(token),
        ca_file=settings.ca_file,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        allow_plain=environment.get("LINSTOR_ALLOW_INSECURE_AUTH", "").lower() in ("yes", "true", "1"),
        order_id=environment.get(ORDER_ID, ""),
    )


def _content(attribute: str, path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{attribute}={path} cannot be read: {error}") from error


def _sendable(token: str) -> str:
    """The token, which has to fit into a header as it is. Raises BadConfiguration, which does not repeat it."""
    if not all("!" <= each <= "~" for each in token):
        raise BadConfiguration("LINSTOR_TOKEN or the content of LINSTOR_TOKEN_FILE has characters that no token has")
    return token
