"""The source that tests of the demo read: the standard library, or the part of it that answers all questions."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

from tests import effort

# About a third of the lines: packages that import, inherit from and call each other, and modules of every size.
_PART = (
    "json", "logging", "email", "asyncio", "collections", "unittest", "xml", "http", "importlib", "concurrent",
    "multiprocessing", "urllib", "ctypes", "html", "wsgiref", "argparse.py", "ast.py", "base64.py", "codecs.py",
    "configparser.py", "dataclasses.py", "datetime.py", "decimal.py", "_pydecimal.py", "enum.py", "functools.py",
    "gzip.py", "hashlib.py", "heapq.py", "inspect.py", "io.py", "locale.py", "os.py", "pathlib.py", "pickle.py", "re",
    "shutil.py", "socket.py", "ssl.py", "statistics.py", "subprocess.py", "tarfile.py", "tempfile.py", "threading.py",
    "tokenize.py", "traceback.py", "types.py", "typing.py", "uuid.py", "warnings.py", "weakref.py", "zipfile.py",
    "abc.py", "copy.py", "contextlib.py", "csv.py", "bz2.py", "lzma.py", "zlib.py", "queue.py", "random.py", "sched.py",
    "selectors.py", "shelve.py", "signal.py", "smtplib.py", "string.py", "struct.py", "textwrap.py", "operator.py",
    "socketserver.py",
)  # fmt: skip


def library(folder: Path) -> Path:
    """Return the root of the standard library, or of its part, copied into `folder`, where long tests do not run."""
    root = Path(sysconfig.get_path("stdlib"))
    if not effort.brief:
        return root
    for name in _PART:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("test", "tests", "__pycache__"))
        elif (root / name).is_file():
            shutil.copyfile(root / name, folder / name)
    return folder


def read_instead(patch: pytest.MonkeyPatch, root: Path) -> None:
    """Let the demo read `root` as the standard library."""
    found = sysconfig.get_path
    patch.setattr(sysconfig, "get_path", lambda name, *rest: str(root) if name == "stdlib" else found(name, *rest))
