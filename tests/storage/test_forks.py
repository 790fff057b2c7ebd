"""A forked process: what its parent has open it may not use, and its end harms nobody."""

from __future__ import annotations

import json
import os

import pytest

from tests.children import run_python
from tests.effort import examples

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

# Each child is run by a forked process of its own; what it prints and how it ends is told, and the parent goes on.
_CODE = """
    import gc, json, os, sys
    import polars as pl
    import rem_arrow as rem

    path = sys.argv[1]
    db = rem.connect(path, tail_rows_max=50)
    db.insert("entities", [{"id": f"e{i}", "name": f"E{i}"} for i in range(200)])
    db.sql("SELECT count(*) FROM entities")
    tx, frame = db.transaction(), db.scan("entities")
    told = []
    for code in json.loads(sys.argv[2]):
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(into, 1)
            os.dup2(into, 2)
            os.close(into)
            try:
                exec(code)
            except rem.RemError as error:
                print(type(error).__name__, error)
            sys.exit(7)
        os.close(into)
        with os.fdopen(out) as pipe:
            printed = pipe.read()
        told.append([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed])
    tx.insert("entities", {"id": "tx", "name": "T"})
    tx.commit()
    db.compact()
    db.close()
    with rem.connect(path) as db:
        print(db.sql("SELECT count(*) FROM entities").item(), db.verify().height)
    print(json.dumps(told))
"""
OWNED = (
    "db.sql('SELECT 1')", "db.insert('entities', {'name': 'X'})", "db.close()", "db.compact()", "db.refresh()",
    "db.transaction()", "tx.insert('entities', {'name': 'X'})", "tx.commit()", "db.wait()",
)  # fmt: skip
OPENED = ("rem.connect(path)", "rem.connect(path, read_only=True)", "rem.connect()")
ENDED = (
    "pass",
    "del db, tx, frame; gc.collect()",
    "with db: pass",
    "try:\n    with tx: raise KeyboardInterrupt\nexcept KeyboardInterrupt: pass",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, str]:
    """What each forked process printed, once all have ended as they wanted to, and their parent has gone on."""
    children = (*OWNED, *OPENED, *ENDED)
    done = run_python(_CODE, tmp_path_factory.mktemp("forks") / "db", json.dumps(children))
    assert done.returncode == 0, done.stderr
    rows, told = done.stdout.splitlines()
    assert (rows, done.stderr) == ("201 0", ""), done.stdout + done.stderr
    ends = dict(zip(children, json.loads(told), strict=True))
    assert {child: end for child, end in ends.items() if end[0] != 7} == {}
    return {child: printed for child, (_, printed) in ends.items()}


@pytest.mark.parametrize("child", OWNED)
def test_a_handle_says_at_once_that_it_is_the_parents(told, child):
    """Whatever is asked of it, and in whatever state: the error names the process and what to do."""
    assert "InputError this handle" in told[child]
    assert "belongs to process" in told[child] and "'spawn'" in told[child] and "read_only=True" in told[child]


@pytest.mark.parametrize("child", OPENED)
def test_a_forked_process_opens_nothing(told, child):
    """Polars and RocksDB would wait for threads that the child does not have."""
    assert "InputError this process was forked from process" in told[child] and "'forkserver'" in told[child]


@pytest.mark.parametrize("child", ENDED)
def test_the_child_ends_by_itself(told, child):
    """With its own status, also where it lets go of the parent's handles; their files stay as they are."""
    assert told[child] == ""


def test_a_temporary_database_is_the_parents():
    """A child that leaves the block deletes no folder."""
    code = """
        import os, sys
        import rem_arrow as rem
        with rem.connect() as db:
            db.insert("entities", {"id": "a", "name": "A"})
            db.sql("SELECT 1")
            child = os.fork()
            if child == 0:
                sys.exit(3)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), db.get("entities", "a")["name"], db.path.is_dir())
        print(db.path.is_dir())
    """
    done = run_python(code)
    assert done.stdout == "3 A True\nFalse\n", done.stderr


def test_a_fork_from_a_working_process(tmp_path):
    """Locks that other threads hold at the fork hold up no child."""
    code = """
        import os, sys, threading
        import rem_arrow as rem
        db = rem.connect(sys.argv[1], tail_rows_max=20)
        done = threading.Event()
        def write(name):
            i = 0
            while not done.is_set():
                i += 1
                db.insert("entities", {"id": f"{name}{i % 50}", "name": name})
                db.sql("SELECT max(id) FROM entities")
        threads = [threading.Thread(target=write, args=(n,)) for n in "abc"]
        for thread in threads: thread.start()
        for _ in range(int(sys.argv[2])):
            child = os.fork()
            if child == 0:
                try:
                    db.close()
                except rem.InputError:
                    sys.exit(7)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert status == 7, status
        done.set()
        for thread in threads: thread.join()
        assert db.verify().height == 0
        db.close()
        print("done")
    """
    done = run_python(code, tmp_path / "db", examples(6))
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize("methods", [["spawn"], pytest.param(["spawn", "forkserver"], marks=pytest.mark.long)])
def test_spawned_processes_read_beside_a_writer(tmp_path, methods):
    """What the errors advise works."""
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, sys\n"
        "import rem_arrow as rem\n"
        "def count(path):\n"
        "    with rem.connect(path, read_only=True) as db:\n"
        "        return db.sql('SELECT count(*) FROM entities').item()\n"
        "if __name__ == '__main__':\n"
        "    with rem.connect(sys.argv[1]) as db:\n"
        "        db.insert('entities', [{'name': str(i)} for i in range(30)])\n"
        "        db.sql('SELECT 1')\n"
        "        for method in sys.argv[2:]:\n"
        "            with multiprocessing.get_context(method).Pool(1) as pool:\n"
        "                print(pool.map(count, [sys.argv[1]]))\n"
    )
    done = run_python(
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
        script,
        tmp_path / "db",
        *methods,
    )
    assert done.stdout == "[30]\n" * len(methods), done.stderr
