"""What the package does not do anywhere, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "rem_arrow"
FILES = sorted(ROOT.rglob("*.py"))
# Modules that run what they read, or processes; and those that open connections, which only `openai` does.
MODULES = {
    *("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "subprocess", "pty", "code"),
    *("ctypes", "cffi", "socket", "http", "httpx", "httpx2", "requests", "ftplib", "smtplib", "xmlrpc"),
}
# Two files call functions of the C library, and load no other.
LIBC, USES_LIBC = {"ctypes"}, {"running/memory.py", "storage/forks.py"}
# One file listens, for the explorer page; one starts the pager of the person at the shell.
ALLOWED = {"serve/page_server.py": {"socket"}, "shell/shell_screen.py": {"subprocess"}}
# One file reads YAML, event by event: no loader that makes objects.
READS_YAML = "language/front_matter.py"
YAML_NAMES = {
    *("parse", "BaseLoader", "ScalarEvent", "MappingStartEvent", "MappingEndEvent", "SequenceStartEvent"),
    *("SequenceEndEvent", "MarkedYAMLError", "YAMLError"),
}
NAMES = {"eval", "exec", "compile", "__import__", "input", "breakpoint"}
# Of any object: np.load reads pickles, torch.load too, Polars' deserialize runs Python functions.
ATTRIBUTES = {"allow_pickle", "read_pickle", "to_pickle", "deserialize", "from_pickle", "system", "popen", "urlopen",
              "PyExtensionType", "load_extension", "enable_load_extension", "trust_remote_code"}  # fmt: skip
# Of the socket that listens, nothing that connects.
SOCKET_NAMES = {"socket", "getaddrinfo", "create_server", "SOCK_STREAM", "gaierror"}
READS_ENVIRONMENT = {"ask/asker.py", "language/client.py", "shell/shell_screen.py", "shell/terminal.py"}
ENVIRONMENT = {
    "PAGER",
    "XDG_STATE_HOME",
    "LOCALAPPDATA",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "REM_ARROW_OPENAI_TIMEOUT_S",
    "REM_ARROW_ASK_MODEL",
}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def harmless(node: ast.AST, place: str) -> bool:
    """Return whether a part of a file neither loads pickles, nor runs text, nor opens connections."""
    match node:
        case ast.Import():
            allowed = LIBC if place in USES_LIBC else {"yaml"} if place == READS_YAML else ALLOWED.get(place, set())
            return MODULES.isdisjoint({a.name.split(".")[0] for a in node.names} - allowed)
        case ast.ImportFrom():
            named = (node.module, node.names[0].name)
            return (node.module or "").split(".")[0] not in MODULES and named != ("urllib", "request")
        case ast.Call(func=ast.Name()):
            return node.func.id not in NAMES
        case ast.Attribute(value=ast.Name(id="socket")):
            return node.attr in SOCKET_NAMES
        case ast.Attribute(value=ast.Name(id="yaml")):
            return node.attr in YAML_NAMES
        case ast.Attribute():
            return node.attr not in ATTRIBUTES
        case ast.keyword(arg=str()) if node.arg in ATTRIBUTES:
            return node.arg == "trust_remote_code" and ast.unparse(node.value) == "False"
        case _:
            return True


def test_no_file_loads_pickles_runs_text_or_opens_connections() -> None:
    """Neither by itself nor by an option of a library; one embedder is told not to."""
    places = {path: path.relative_to(ROOT).as_posix() for path in FILES}
    harm = [
        f"{place}: {ast.unparse(node)}"
        for path, place in places.items()
        for node in nodes(path)
        if not harmless(node, place)
    ]
    assert not harm, "\n".join(harm)


@pytest.mark.parametrize(
    "text",
    [
        *("import pickle", "import os, ctypes", "from http import client", "from urllib import request"),
        *(
            "import socket",
            "import subprocess",
            "socket.create_connection(x)",
            "import yaml",
            "eval(x)",
            "yaml.load(x)",
            "np.load(x, allow_pickle=True)",
            "x.deserialize()",
        ),
        *("f(trust_remote_code=True)", "f(allow_pickle=False)"),
    ],
)
def test_what_does_harm_is_seen(text: str) -> None:
    """As the only line of a file."""
    assert not all(harmless(node, "some/file.py") for node in ast.walk(ast.parse(text)))


def test_the_environment_is_read_in_four_files() -> None:
    """The variables are those of the page on security."""
    read: set[str] = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if "os.environ" in text or "os.getenv" in text:
            strings = {n.value for n in nodes(path) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
            read |= {s for s in strings if s.isupper() and s.replace("_", "").isalpha() and len(s) > 4}
            assert path.relative_to(ROOT).as_posix() in READS_ENVIRONMENT
    assert read == ENVIRONMENT
    page = (ROOT.parent / "notebooks" / "guides" / "security.md").read_text(encoding="utf-8")
    assert all(name in page for name in ENVIRONMENT)
