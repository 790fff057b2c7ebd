"""What is shipped: a wheel that installs in an empty environment and runs, with its types."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMOKE = """
import asyncio
import sys
from importlib.metadata import version
from pathlib import Path

import rem_arrow as rem

assert Path(rem.__file__).is_relative_to(sys.prefix), rem.__file__
assert version("rem_arrow") == rem.__version__
with rem.connect() as db:
    db.insert("entities", [{"id": "dhl", "name": "DHL"}, {"id": "ups", "name": "UPS"}])
    db.add_edge("dhl", "ups", "knows")
    db.insert("resources", {"name": "faq", "content": "What to do when a password is rejected"})
    assert db.sql("SELECT COUNT(*) FROM entities").item() == 2
    assert db.search("resources", "password", k=1)["name"].to_list() == ["faq"]
    assert db.traverse_edges("dhl")["id"].to_list() == ["ups"]
    assert "Scan entities" in db.explain("SELECT name FROM entities")
    try:
        rem.draw_graph(db.traverse_edges("dhl"))
    except rem.UnsupportedError as error:
        assert "pip install 'rem_arrow[plot]'" in str(error)


async def ask():
    async with await rem.connect_async() as adb:
        return (await adb.sql("SELECT 1 AS a")).item()


assert asyncio.run(ask()) == 1
print("works")
"""


def run(*command, cwd=None):
    """Run a command, and return what it prints."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_python_m_runs_the_command_line():
    """`python -m rem_arrow` is `rem-arrow`."""
    shown = run(sys.executable, "-m", "rem_arrow", "--help")
    assert "sql" in shown and "demo" in shown


def test_the_package_says_that_it_is_typed():
    """Type checkers read the annotations, and every public name has its home."""
    import rem_arrow

    assert (ROOT / "rem_arrow" / "py.typed").is_file()
    assert (
        "Typing :: Typed"
        in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    )
    for name in rem_arrow.__all__:
        assert hasattr(rem_arrow, name), name
    assert set(rem_arrow.__all__) <= set(dir(rem_arrow))
    with pytest.raises(AttributeError, match="module 'rem_arrow' has no attribute 'nothing'"):
        _ = rem_arrow.nothing


@pytest.mark.long
def test_a_type_checker_sees_the_verbs(tmp_path):
    """A user's own code is checked against the types, the awaited verbs and their overloads too."""
    pytest.importorskip("mypy", reason="needs mypy")
    good = (
        "import rem_arrow as rem\n\n\nasync def f() -> list[str]:\n    adb = await rem.connect_async('x')\n    "
        "one: str = await adb.insert('t', {})\n    return await adb.insert('t', [{}, {'id': one}])\n"
    )
    (tmp_path / "good.py").write_text(good)
    (tmp_path / "bad.py").write_text(good.replace("one: str", "one: int").replace("'x'", "7.5"))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    assert "Success" in run(*command, tmp_path / "good.py", cwd=ROOT)
    wrong = subprocess.run(
        [*command, str(tmp_path / "bad.py")], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    assert 'expression has type "str", variable has type "int"' in wrong
    assert 'incompatible type "float"' in wrong


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.mark.long
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    """Code, the mark of types and the licence are in it; tests, benchmarks and notebooks are not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "rem_arrow/py.typed" in names
    assert {n.split("/")[0].split("-")[0] for n in names} == {"rem_arrow"}
    assert {n for n in names if n.startswith("rem_arrow/") and n.endswith(".py")} == {
        p.relative_to(ROOT).as_posix() for p in (ROOT / "rem_arrow").rglob("*.py")
    }
    assert any(n.endswith("licenses/LICENSE") for n in names)
    metadata = zipfile.ZipFile(wheel).read(next(n for n in names if n.endswith("METADATA"))).decode()
    for extra in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]:
        assert f"Provides-Extra: {extra}" in metadata


@pytest.mark.long
def test_the_wheel_works_in_an_empty_environment(wheel, tmp_path):
    """With what it requires, and no extra, it is installed and runs, and so does its command."""
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    run(
        binaries / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        ROOT / "constraints.txt",
        wheel,
    )
    (tmp_path / "smoke.py").write_text(SMOKE)
    assert run(binaries / "python", "-I", tmp_path / "smoke.py", cwd=tmp_path).strip() == "works"
    assert "rem_arrow" in run(binaries / "rem-arrow", "--help", cwd=tmp_path)
    assert "sql" in run(binaries / "python", "-I", "-m", "rem_arrow", "--help", cwd=tmp_path)
