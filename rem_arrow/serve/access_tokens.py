"""Who may call a served database: tokens, each with a name and a scope, in a file.

    # name   scope              token, or sha256: and its hash in hexadecimal digits
    app      write              sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    report   read               aK3...

A token is at least 16 characters without spaces. It is compared by its hash and in constant time, and neither it nor
its hash ever enters a log, an error or an answer. Of a token that is long and random a plain hash is safe to keep.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rem_arrow.base.errors import InputError
from rem_arrow.face.verb_table import SCOPES, Scope

_TOKEN_CHARACTERS_MIN = 16
_TOKENS_MAX = 10_000
_FILE_BYTES_MAX = 1 << 20
_HASH = re.compile(r"sha256:([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows.

    Attributes:
        name: of the token, for logs.
        scope: read, write or admin.
    """

    name: str
    scope: Scope

    def allows(self, scope: Scope) -> bool:
        """Say whether what needs a scope may be done."""
        return SCOPES.index(scope) <= SCOPES.index(self.scope)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its grant, and the hash of its text."""

    grant: Grant
    digest: bytes = field(repr=False)


class Tokens:
    """The tokens of a server; without any, every caller is an admin."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tuple(tokens)

    def grant(self, text: str | None) -> Grant | None:
        """Return what the text of a token allows; None if it is no token."""
        if not self._tokens:
            return Grant("anyone", "admin")
        digest = _digest(text or "")
        # All are compared, and each in constant time: how long it takes tells nothing.
        hits = [token.grant for token in self._tokens if hmac.compare_digest(token.digest, digest)]
        return hits[0] if hits and text else None


def new_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def token_of(text: str, name: str, scope: Scope) -> Token:
    """Return a token of a text."""
    return Token(Grant(name, scope), _digest(text))


def read_tokens(path: Path) -> Tokens:
    """Return the tokens of a file. Raises InputError, which quotes no token."""
    try:
        mode = path.stat().st_mode
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise InputError(f"{path} is larger than a file of tokens may be, {_FILE_BYTES_MAX:,} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file of tokens {path} cannot be read: {error}") from error
    tokens, names, has_plain = list[Token](), set[str](), False
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) != 3:
            raise InputError(f"{where}: a line is a name, a scope and a token, with spaces between them")
        name, scope, text = words
        if name in names:
            raise InputError(f"{where}: the name {name} stands in the file twice")
        names.add(name)
        token, is_plain = _token(name, scope, text, where)
        has_plain |= is_plain
        tokens.append(token)
    if not tokens:
        raise InputError(f"{path} holds no token; a line is: name read|write|admin token")
    if len(tokens) > _TOKENS_MAX:
        raise InputError(f"{path} holds {len(tokens):,} tokens; {_TOKENS_MAX:,} are the most")
    if has_plain and mode & (stat.S_IRGRP | stat.S_IROTH):
        raise InputError(f"{path} holds tokens in plain text, and others may read it: chmod 600 {path}")
    return Tokens(tokens)


def _token(name: str, scope: str, text: str, where: str) -> tuple[Token, bool]:
    """Return a token of a line, and whether it stands there in plain text."""
    known = next((s for s in SCOPES if s == scope), None)
    if known is None:
        raise InputError(f"{where}: the scope is {', '.join(SCOPES[:-1])} or {SCOPES[-1]}")
    match = _HASH.fullmatch(text)
    if match is not None:
        return Token(Grant(name, known), bytes.fromhex(match[1])), False
    if text.startswith("sha256:"):
        raise InputError(f"{where}: a hash is sha256: and 64 hexadecimal digits")
    if len(text) < _TOKEN_CHARACTERS_MIN:
        raise InputError(f"{where}: a token has at least {_TOKEN_CHARACTERS_MIN} characters")
    return token_of(text, name, known), True


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
