"""A forked process: what its parent has open it may not use, and its end harms nobody."""

from __future__ import annotations

import os

import pytest

from tests.children import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

# `child` is run by the forked process; what it prints and how it ends is told, and the parent goes on.
_CODE = """
    import gc, os, sys
    import polars as pl
    import rem_arrow as rem

    path = sys.argv[1]
    db = rem.connect(path, tail_rows_max=50)
    db.insert("entities", [{"id": f"e{i}", "name": f"E{i}"} for i in range(200)])
    db.sql("SELECT count(*) FROM entities")
    tx, frame = db.transaction(), db.scan("entities")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            exec(sys.argv[2])
        except rem.RemError as error:
            print(type(error).__name__, error)
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    tx.insert("entities", {"id": "tx", "name": "T"})
    tx.commit()
    db.compact()
    db.close()
    with rem.connect(path) as db:
        print(db.sql("SELECT count(*) FROM entities").item(), db.verify().height)
"""


def _forked(path, child: str) -> tuple[str, str]:
    """Return what a forked process printed, once it has ended as it wanted to, and its parent has gone on."""
    done = run_python(_CODE, path, child)
    assert done.returncode == 0, done.stderr
    *printed, status, rows = done.stdout.splitlines()
    assert (status, rows) == ("7", "201 0"), done.stdout + done.stderr
    return "\n".join(printed), done.stderr


@pytest.mark.parametrize(
    "child",
    [
        "db.sql('SELECT 1')",
        "db.insert('entities', {'name': 'X'})",
        "db.close()",
        pytest.param("db.compact()", marks=pytest.mark.long),
        pytest.param("db.refresh()", marks=pytest.mark.long),
        pytest.param("db.transaction()", marks=pytest.mark.long),
        "tx.insert('entities', {'name': 'X'})",
        pytest.param("tx.commit()", marks=pytest.mark.long),
        pytest.param("db.wait()", marks=pytest.mark.long),
    ],
)
def test_a_handle_says_at_once_that_it_is_the_parents(tmp_path, child):
    """Whatever is asked of it, and in whatever state: the error names the process and what to do."""
    printed, _ = _forked(tmp_path / "db", child)
    assert "InputError this handle" in printed
    assert "belongs to process" in printed and "'spawn'" in printed and "read_only=True" in printed


@pytest.mark.parametrize("child", ["rem.connect(path)", "rem.connect(path, read_only=True)", "rem.connect()"])
def test_a_forked_process_opens_nothing(tmp_path, child):
    """Polars and RocksDB would wait for threads that the child does not have."""
    printed, _ = _forked(tmp_path / "db", child)
    assert "InputError this process was forked from process" in printed and "'forkserver'" in printed


@pytest.mark.parametrize(
    "child",
    [
        "pass",
        "del db, tx, frame; gc.collect()",
        "with db: pass",
        "with tx: raise KeyboardInterrupt",
    ],
)
def test_the_child_ends_by_itself(tmp_path, child):
    """With its own status, also where it lets go of the parent's handles; their files stay as they are."""
    if "Keyboard" in child:
        child = f"try:\n    {child}\nexcept KeyboardInterrupt: pass"
        child = child.replace("with tx: ", "with tx:\n        ")
    assert _forked(tmp_path / "db", child) == ("", "")


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
        for _ in range(6):
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
    done = run_python(code, tmp_path / "db")
    assert done.stdout == "done\n", done.stderr


def test_spawned_processes_read_beside_a_writer(tmp_path):
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
        "        for method in ('spawn', 'forkserver'):\n"
        "            with multiprocessing.get_context(method).Pool(1) as pool:\n"
        "                print(pool.map(count, [sys.argv[1]]))\n"
    )
    done = run_python(
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
        script,
        tmp_path / "db",
    )
    assert done.stdout == "[30]\n[30]\n", done.stderr
