"""The TLS tables of components that connect to a server, or are one: one set of settings, one way to make a connection safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from alert_core.errors import AlertError, DeliveryError, SourceError
from alert_core.settings import Secret, Settings

if TYPE_CHECKING:
    import ssl

__all__ = ["ClientTls", "ServerTls", "certificate_names", "client_context", "server_context"]


class ClientTls(Settings):
    """Whom to trust at the other end of a TLS connection, and how to show who this end is."""

    ca_file: Path | None = Field(
        None, title="CA file", description="PEM file of the authorities to trust. Blank: those of this computer."
    )
    server_name: str = Field(
        "",
        title="Name in the certificate",
        description="The name that the server's certificate must hold. Blank: the name or address that is connected to.",
    )
    certificate: Path | None = Field(
        None,
        title="Client certificate",
        description="PEM file with the certificate that shows who this end is, with its chain; for servers that ask for one.",
    )
    key: Path | None = Field(
        None, title="Client key", description="PEM file with the key of the client certificate. Blank: it is in the same file."
    )
    key_password: Secret | None = Field(
        None, title="Password of the key", description="For a key that is stored encrypted. Blank: it is not."
    )
    minimum_version: Literal["1.2", "1.3"] = Field(
        "1.2", title="Oldest TLS version", description="Older versions are refused; 1.0 and 1.1 are never used."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.key or self.key_password) and not self.certificate:
            raise ValueError("key and key_password belong to a client certificate; set certificate")
        return self


class ServerTls(Settings):
    """How to show clients who this end is, and which clients to believe."""

    certificate: Path = Field(
        title="Certificate", description="PEM file with the certificate that shows who this end is, with its chain."
    )
    key: Path | None = Field(
        None, title="Key", description="PEM file with the key of the certificate. Blank: it is in the same file."
    )
    key_password: Secret | None = Field(
        None, title="Password of the key", description="For a key that is stored encrypted. Blank: it is not."
    )
    client_ca_file: Path | None = Field(
        None,
        title="CA file of clients",
        description="PEM file of the authorities; a client must show a certificate of one of them. Blank: none is asked for.",
    )
    client_names: tuple[str, ...] = Field(
        (),
        title="Names of clients",
        description="A client's certificate must hold one of these names; `*` stands for any characters. Blank: any name.",
        examples=[["sensor-*.example.com"]],
    )
    minimum_version: Literal["1.2", "1.3"] = Field(
        "1.2", title="Oldest TLS version", description="Older versions are refused; 1.0 and 1.1 are never used."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.client_names and not self.client_ca_file:
            raise ValueError("client_names needs an authority that vouches for them; set client_ca_file")
        return self

    def lets_in(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a client may stay that showed this certificate, as `getpeercert` returns it; the authority is checked."""
        if not self.client_names:
            return True
        names = [name.lower() for name in certificate_names(certificate or {})]
        return any(fnmatchcase(name, allowed.lower()) for allowed in self.client_names for name in names)


def certificate_names(certificate: Mapping[str, Any]) -> Iterator[str]:
    """The names that a certificate holds, as `getpeercert` returns it: alternative names and the common name."""
    for _, name in certificate.get("subjectAltName", ()):
        yield name
    for part in certificate.get("subject", ()):
        yield from (value for kind, value in part if kind == "commonName")


def server_context(tls: ServerTls, reveal: Callable[[Secret], str]) -> ssl.SSLContext:
    """A context for connections from clients. Making one reads files and takes milliseconds.

    Args:
        tls: The settings.
        reveal: `Context.reveal`, for the password of the key.

    Raises:
        SourceError: A file cannot be read or used; says which setting names it.
        SecretError: The password's reference leads nowhere.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.minimum_version == "1.3" else ssl.TLSVersion.TLSv1_2
    password = reveal(tls.key_password) if tls.key_password else ""
    _load("certificate", tls.certificate, lambda: context.load_cert_chain(tls.certificate, tls.key, password), SourceError)
    if (authority := tls.client_ca_file) is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _load("client_ca_file", authority, lambda: context.load_verify_locations(authority), SourceError)
    return context


def client_context(tls: ClientTls, reveal: Callable[[Secret], str], *, verify: bool = True) -> ssl.SSLContext:
    """A context for connections to a server. Making one reads files and takes milliseconds: keep it with the connection.

    Args:
        tls: The settings.
        reveal: `Context.reveal`, for the password of the key.
        verify: Whether the server's certificate is checked.

    Raises:
        DeliveryError: A file cannot be read or used; says which setting names it. Another attempt may help, once it is mended.
        SecretError: The password's reference leads nowhere.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.minimum_version == "1.3" else ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca_file is None:
        context.load_default_certs()
    else:
        _load("ca_file", tls.ca_file, lambda: context.load_verify_locations(tls.ca_file))
    certificate = tls.certificate
    if certificate is not None:
        # Without a password OpenSSL would ask at the terminal for that of an encrypted key.
        password = reveal(tls.key_password) if tls.key_password else ""
        _load("certificate", certificate, lambda: context.load_cert_chain(certificate, tls.key, password))
    return context


def _load(setting: str, path: Path, load: Callable[[], None], raised: type[AlertError] = DeliveryError) -> None:
    try:
        load()
    except OSError as error:  # an SSLError is one
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise raised(f"tls.{setting} {str(path)!r} cannot be used: {reason}") from error
