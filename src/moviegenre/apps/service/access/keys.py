"""API keys: read from a file, compared in constant time, kept only as hashes."""

import hashlib
import hmac
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from starlette.types import Scope

from moviegenre.apps.service.access.checks import header_values
from moviegenre.apps.service.errors import RequestError
from moviegenre.core.errors import ConfigError

_MIN_LENGTH = 20
_KEY = re.compile(r"[!-~]+")  # printable ASCII without spaces, as a header can carry it
_MAX_BYTES = 1_000_000
_MAKE = "make one with: openssl rand -hex 32"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="moviegenre"'}

# Health checks, for process supervisors and load balancers.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
# The page's own files hold no data, and the page must load before it can ask for a key.
PAGE_PATHS = frozenset({"/", "/favicon.ico"})
PAGE_PREFIXES = ("/static/", "/examples")


class ApiKeys:
    """The accepted keys; only their hashes are kept.

    Args:
        keys: As clients send them.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [_hash(key) for key in keys]

    def number_of(self, key: str) -> int | None:
        """Return the number of a key, from 1, or None; the time is the same for every key."""
        digest, match = _hash(key), None
        for number, known_hash in enumerate(self._hashes, start=1):
            if hmac.compare_digest(digest, known_hash):
                match = number
        return match


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def read_keys(path: Path) -> ApiKeys:
    """Return the keys of a file: one a line; empty lines and ``#`` comments are ignored.

    Raises:
        ConfigError: The file cannot be read, other users can open it, or a key is malformed.
    """
    option = f"--api-key-file {path}"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            raise ConfigError(f"{option}: expected a small regular file with one key per line")
        if status.st_mode & stat.S_IRWXO:
            raise ConfigError(f"{option}: every user can open this file; run: chmod 600 {path}")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{option}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{option}: is not text; expected one key per line; {_MAKE}") from None
    lines = [line.strip() for line in text.splitlines()]
    keys = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line and not line.startswith("#")
    ]
    if not keys:
        raise ConfigError(f"{option}: has no key; expected one per line; {_MAKE}")
    for number, key in keys:
        if len(key) < _MIN_LENGTH:
            raise ConfigError(
                f"{option}: the key in line {number} has {len(key)} characters; expected at "
                f"least {_MIN_LENGTH}; {_MAKE}"
            )
        if not _KEY.fullmatch(key):
            raise ConfigError(
                f"{option}: the key in line {number} has characters other than printable ASCII "
                f"without spaces; {_MAKE}"
            )
    return ApiKeys([key for _, key in keys])


class KeyCheck:
    """Refuses a request without a known key.

    Args:
        keys: The accepted keys.
        open_port: A separate port for metrics, which needs no key.
    """

    reason = "key"

    def __init__(self, keys: ApiKeys, open_port: int | None = None) -> None:
        self._keys = keys
        self._open_port = open_port

    def check(self, scope: Scope) -> None:
        """Check ``Authorization`` and ``X-API-Key``.

        Raises:
            RequestError: There is no key, or an unknown one.
        """
        if is_open(scope) or (self._open_port and scope["server"][1] == self._open_port):
            return
        key = _sent_key(scope)
        if key is None:
            raise RequestError(
                401,
                "this address needs an API key; send it as Authorization: Bearer KEY or X-API-Key",
                _CHALLENGE,
            )
        number = self._keys.number_of(key)
        if number is None:
            raise RequestError(401, "this API key is unknown", _CHALLENGE)
        state = scope.setdefault("state", {})
        state["api_key"] = number
        state.get("log_fields", {})["api_key"] = number


def is_open(scope: Scope) -> bool:
    """Return whether an address needs no key."""
    path = scope["path"]
    if path in OPEN_PATHS:
        return True
    return scope["method"] in {"GET", "HEAD"} and (
        path in PAGE_PATHS or path.startswith(PAGE_PREFIXES)
    )


def key_of(scope: Scope) -> str | None:
    """Return a name for the key of a request, for the limits of each key; None without a key."""
    number = scope.get("state", {}).get("api_key")
    return None if number is None else f"key {number}"


def _sent_key(scope: Scope) -> str | None:
    """Return the key that a request sends; None if it sends none or several."""
    keys = header_values(scope, b"x-api-key")
    for value in header_values(scope, b"authorization"):
        scheme, _, key = value.partition(" ")
        keys.append(key.strip() if scheme.lower() == "bearer" else "")
    return keys[0] if len(keys) == 1 and keys[0] else None
