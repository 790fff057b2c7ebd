"""Tokens come from a file that others cannot read, and what is wrong with it is said without them."""

from __future__ import annotations

import hashlib

import pytest

import rem_arrow as rem
from rem_arrow.serve.access_tokens import Grant, Tokens, new_token, read_tokens
from tests.serve.served import ADMIN, READER, token_file

SECRET = "a-secret-of-20-chars"


def hashed(text):
    """A token as it may stand in a file."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_a_file_says_who_may_do_what(tmp_path):
    """By the token itself, or by its hash; nobody else gets anything."""
    path = token_file(tmp_path)
    path.write_text(path.read_text() + f"h write {hashed(SECRET)}\n")
    tokens = read_tokens(path)
    assert tokens.grant(READER) == Grant("r", "read")
    assert tokens.grant(ADMIN) == Grant("a", "admin")
    assert tokens.grant(SECRET) == Grant("h", "write")
    assert [tokens.grant(t) for t in (None, "", "x", READER + " ", READER[:-1], hashed(SECRET))] == [None] * 6


def test_scopes_hold_each_other():
    """Who may write may read."""
    assert [Grant("n", "write").allows(s) for s in ("read", "write", "admin")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no token"),
        (f"a admin\n{SECRET}\n", "line 1: a line is a name, a scope and a token"),
        (f"a root {SECRET}\n", "line 1: the scope is read, write or admin"),
        (f"a read {SECRET}\na read {SECRET}x\n", "line 2: the name a stands in the file twice"),
        ("a read short\n", "line 1: a token has at least 16 characters"),
        (f"a read sha256:{SECRET}\n", "line 1: a hash is sha256: and 64 hexadecimal digits"),
        ("a read " + "x" * (1 << 20), "is larger than a file of tokens may be"),
    ],
)
def test_a_wrong_file_is_refused_without_its_tokens(tmp_path, text, message):
    """The error names the line."""
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(rem.InputError, match=message) as caught:
        read_tokens(path)
    assert SECRET not in str(caught.value)


def test_a_file_that_others_read_holds_hashes_only(tmp_path):
    """A token in plain text must not be readable by others."""
    path = token_file(tmp_path)
    path.chmod(0o644)
    with pytest.raises(rem.InputError, match=f"others may read it: chmod 600 {path}"):
        read_tokens(path)
    path.write_text(f"h read {hashed(SECRET)}\n")
    assert read_tokens(path).grant(SECRET) == Grant("h", "read")
    with pytest.raises(rem.InputError, match="cannot be read"):
        read_tokens(tmp_path / "none")


def test_tokens_are_not_shown(tmp_path):
    """Nor their hashes, in what a debugger or a log prints."""
    tokens = read_tokens(token_file(tmp_path))
    assert hashed(READER).removeprefix("sha256:") not in repr(tokens._tokens)
    assert len(new_token()) > 40 and new_token() != new_token()
    assert Tokens([]).grant(None) == Grant("anyone", "admin")
