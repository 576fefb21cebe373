# SPDX-License-Identifier: Apache-2.0
"""How hosts are reached: time-outs, TLS, and what we can prove. The same for all of them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.handshake import Credentials


@dataclass(frozen=True)
class Access:
    """``name``: what we call ourselves. ``tls``: None for a plain connection.

    ``server_name``: the name that the certificate must have, "" for the host's own.
    ``connect_timeout``, ``ack_timeout``: seconds; the first also bounds each handshake.
    """

    name: str
    credentials: Credentials = field(default_factory=Credentials)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str = ""
    connect_timeout: float = 10.0
    ack_timeout: float = 60.0


def tls_context(ca_file: str, cert_file: str, key_file: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, the host's certificate and name verified. Raises ConfigError.

    ``ca_file``: "" for the system's. ``cert_file``, ``key_file``: our own, "" for none.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--forward-ca-file {ca_file}: {_words(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file:
        try:
            # A pass phrase would be asked for on the terminal of a service that has none.
            context.load_cert_chain(cert_file, key_file or None, password=_no_pass_phrase)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"--forward-cert-file {cert_file}, --forward-key-file {key_file or cert_file}: "
                f"{_words(error)}"
            ) from None
    return context


def _no_pass_phrase() -> str:
    raise ValueError("the key has a pass phrase; give one without")


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not what it should be ({error.reason or 'no PEM certificate in it'})"
    return getattr(error, "strerror", None) or str(error)
