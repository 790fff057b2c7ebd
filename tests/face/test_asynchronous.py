"""The async door: the same verbs, awaited; many at once; cancelled; closed."""

from __future__ import annotations

import asyncio
import inspect
import threading

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.face.asynchronous import AsyncDatabase, AsyncTransaction
from rem_arrow.face.transaction import Transaction
from rem_arrow.lower import context
from rem_arrow.running import cancellation, watchdog
from tests.patience import PATIENCE_S, await_event

# Goes round a hundred thousand times, and looks between two rounds whether it is to stop.
SLOW = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n % 7 FROM r) SELECT MAX(n) FROM r"
# Is one step of Polars, which is watched while it runs.
WATCHED = "SELECT SUM(a.n * b.n % 7) FROM many a, many b WHERE a.n * b.n % 11 = 3"


def run(work):
    """Run a coroutine to its end, for minutes at most."""

    async def limited():
        return await asyncio.wait_for(work, PATIENCE_S)

    return asyncio.run(limited())


class Held:
    """Holds statements where they look whether they are to stop: `runs` is set when one has come there, and it goes on
    when `goes_on` is set."""

    def __init__(self):
        self.runs, self.goes_on = threading.Event(), threading.Event()

    def look(self):
        self.runs.set()
        await_event(self.goes_on, "the test lets the statement go on")
        cancellation.check_stopped()

    async def comes(self):
        """Return when a statement runs."""
        await asyncio.to_thread(await_event, self.runs, "a statement that runs")


@pytest.fixture
def held(monkeypatch):
    held = Held()
    for module in (context, watchdog):
        monkeypatch.setattr(module, "check_stopped", held.look)
    yield held
    held.goes_on.set()


def public(kind):
    """The public methods of a class."""
    return {name for name, value in inspect.getmembers(kind) if callable(value) and not name.startswith("_")}


def test_every_verb_has_its_coroutine():
    """What a database or a transaction can do can be awaited, with the same arguments and docstring."""
    # A transaction is entered, and rows come in batches.
    assert public(rem.Database) - public(AsyncDatabase) == set()
    assert public(AsyncDatabase) - public(rem.Database) == {"batches"}
    assert public(Transaction) == public(AsyncTransaction)
    for ours, theirs in ((AsyncDatabase, rem.Database), (AsyncTransaction, Transaction)):
        for name in public(theirs) - {"transaction", "close"}:
            verb = inspect.getattr_static(ours, name)
            assert inspect.iscoroutinefunction(verb), name
            assert inspect.signature(verb) == inspect.signature(inspect.getattr_static(theirs, name)), name
            assert verb.__doc__ == inspect.getattr_static(theirs, name).__doc__


def test_a_database_from_open_to_close(tmp_path):
    """Open, write, ask, search, walk, close; then the same folder opens again."""

    async def work():
        async with await rem.connect_async(tmp_path / "a.rem") as adb:
            assert adb.path == tmp_path / "a.rem"
            await adb.insert("entities", [{"id": "dhl", "name": "DHL"}, {"id": "ups", "name": "UPS"}])
            await adb.add_edge("dhl", "ups", "knows")
            assert (await adb.sql("SELECT name FROM entities WHERE id = $i", {"i": "dhl"})).item() == "DHL"
            assert (await adb.traverse_edges("dhl"))["id"].to_list() == ["ups"]
            assert (await (await adb.scan("entities")).select("id").collect_async()).height == 2
            assert (await adb.lookup_entity("ups")).height == 1
            assert repr(adb).endswith("a.rem>")
        assert adb.closed and repr(adb).endswith("(closed)>")
        await adb.close()
        with pytest.raises(rem.InputError, match="is closed; connect to it again"):
            await adb.sql("SELECT 1")

    run(work())
    rem.connect(tmp_path / "a.rem").close()


def test_the_loop_goes_on_while_statements_run():
    """Many statements run at once, and other tasks get their turn meanwhile: one call ends when a task lets it."""

    async def work():
        async with await rem.connect_async() as adb:
            await adb.load("t", pl.DataFrame({"n": range(200_000)}))
            ticked = threading.Event()

            async def tick():
                for _ in range(5):
                    await asyncio.sleep(0.001)
                ticked.set()

            found, *_ = await asyncio.gather(
                asyncio.gather(
                    *(adb.sql("SELECT COUNT(*) FROM t WHERE n % 7 = $r", {"r": r}) for r in range(40)),
                    *(adb.insert("entities", {"id": f"e{i}", "name": "x"}) for i in range(20)),
                ),
                adb._run(lambda: await_event(ticked, "a task's turn")),
                tick(),
            )
            assert [f.item() for f in found[:40]] == [len(range(r, 200_000, 7)) if r < 7 else 0 for r in range(40)]
            assert (await adb.sql("SELECT COUNT(*) FROM entities")).item() == 20

    run(work())


def test_errors_come_as_they_are():
    """A coroutine raises what the verb raises, with the place in the text."""

    async def work():
        async with await rem.connect_async() as adb:
            with pytest.raises(rem.BindError, match='no column "nam"') as caught:
                await adb.sql("SELECT nam FROM entities")
            assert "Did you mean name?" in str(caught.value)
            with pytest.raises(rem.InputError, match="no table"):
                await adb.get("nothing", "x")
        with pytest.raises(rem.InputError, match="workers is a whole number of at least 1, not 0"):
            AsyncDatabase(rem.connect(), workers=0)

    run(work())


@pytest.mark.parametrize("limit", [PATIENCE_S, None])
@pytest.mark.parametrize("text", [SLOW, WATCHED])
def test_a_cancelled_statement_stops(held, text, limit):
    """The task goes on while the statement is still there, which ends at its next look; the database is as before."""

    async def work():
        async with AsyncDatabase(rem.connect(), workers=1) as adb:
            await adb.load("many", pl.DataFrame({"n": range(5_000)}))
            asking = asyncio.create_task(adb.sql(text, timeout_s=limit))
            await held.comes()
            asking.cancel()
            # It is held still.
            with pytest.raises(asyncio.CancelledError):
                await asking
            held.goes_on.set()
            # There is one worker: it must have given the statement up.
            assert (await adb.sql("SELECT COUNT(*) FROM many")).item() == 5_000

    run(work())


def test_asyncio_timeouts_cancel():
    """`asyncio.timeout` is a cancellation like any other."""

    async def work():
        async with await rem.connect_async() as adb:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await adb.sql(SLOW, timeout_s=PATIENCE_S)
            with pytest.raises(rem.ExecuteError, match="ran longer than"):
                await adb.sql(SLOW, timeout_s=0.1)

    run(work())


def test_what_waits_for_a_thread_is_never_begun_when_cancelled():
    """With the only worker busy, a cancelled write does not happen."""

    async def work():
        async with AsyncDatabase(rem.connect(), workers=1) as adb:
            free = threading.Event()
            busy = asyncio.create_task(adb._run(lambda: await_event(free, "the test frees the worker")))
            waiting = asyncio.create_task(adb.insert("entities", {"id": "never", "name": "x"}))
            while not adb._threads._pool._work_queue.qsize():
                await asyncio.sleep(0.001)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            free.set()
            await busy
            assert await adb.get("entities", "never") is None

    run(work())


def test_several_statements_stop_between_two():
    """Of a text that is cancelled the statements that have not begun are not run; an outer caller is not touched."""
    asked = threading.Event()
    asked.set()
    with rem.connect() as db:
        with (
            cancellation.stoppable(asked),
            pytest.raises(rem.ExecuteError, match="the task that asked for this was cancelled, and it was stopped"),
        ):
            db.sql("CREATE TABLE t (a INT)")
        assert "t" not in db.tables()["name"].to_list()
        db.sql("CREATE TABLE t (a INT)")


def test_transactions():
    """`async with` commits at its end, and stores nothing on an error; reads see its own writes."""

    async def work():
        async with await rem.connect_async() as adb:
            async with adb.transaction() as tx:
                await tx.insert("entities", {"id": "a", "name": "x"})
                assert await tx.get("entities", "a") is not None
                assert await adb.get("entities", "a") is None
            assert await adb.get("entities", "a") is not None
            with pytest.raises(ZeroDivisionError):
                async with adb.transaction() as tx:
                    await tx.insert("entities", {"id": "b", "name": "x"})
                    raise ZeroDivisionError
            async with adb.transaction() as tx:
                await asyncio.gather(*(tx.insert("entities", {"id": f"c{i}", "name": "x"}) for i in range(10)))
                await tx.rollback()
            assert (await adb.sql("SELECT COUNT(*) FROM entities")).item() == 1
            with pytest.raises(rem.ConflictError):
                async with adb.transaction() as one, adb.transaction() as two:
                    await one.update("entities", "a", {"name": "one"})
                    await two.update("entities", "a", {"name": "two"})
            with pytest.raises(rem.InputError, match="has not begun; write: async with adb.transaction"):
                await adb.transaction().sql("SELECT 1")

    run(work())


def test_a_cancelled_transaction_stores_nothing(held):
    """Its rollback waits for the thread that is at work on it."""

    async def work():
        async with await rem.connect_async() as adb:

            async def write():
                async with adb.transaction() as tx:
                    await tx.insert("entities", {"id": "a", "name": "x"})
                    await tx.sql(SLOW, timeout_s=PATIENCE_S)

            writing = asyncio.create_task(write())
            await held.comes()
            writing.cancel()
            await asyncio.sleep(0.01)
            assert not writing.done()
            held.goes_on.set()
            with pytest.raises(asyncio.CancelledError):
                await writing
            assert await adb.get("entities", "a") is None

    run(work())


def test_begin_is_refused_and_leaves_no_transaction_on_a_thread():
    """BEGIN belongs to a thread, and threads are shared; a text with its own COMMIT runs."""

    async def work():
        async with AsyncDatabase(rem.connect(), workers=1) as adb:
            await adb.sql("BEGIN; INSERT INTO entities (id, name) VALUES ('a', 'x'); COMMIT")
            with pytest.raises(rem.InputError, match="BEGIN is for one thread.*async with adb.transaction"):
                await adb.sql("BEGIN; INSERT INTO entities (id, name) VALUES ('b', 'x')")
            with pytest.raises(rem.BindError):
                await adb.sql("BEGIN; SELECT nothing FROM entities")
            with pytest.raises(rem.InputError, match="no transaction is open in this thread"):
                await adb.sql("COMMIT")
            assert (await adb.sql("SELECT id FROM entities")).item() == "a"

    run(work())


def test_rows_come_in_batches():
    """All rows come once and in order; one may stop early; errors are ours."""

    async def work():
        async with await rem.connect_async() as adb:
            await adb.load("t", pl.DataFrame({"n": range(300_000)}))
            sizes, total = [], 0
            async for batch in adb.batches("SELECT n FROM t WHERE n >= $least", {"least": 100}, rows=50_000):
                assert batch["n"][0] == total + 100
                sizes.append(batch.height)
                total += batch.height
            assert total == 299_900 and len(sizes) > 1 and max(sizes) < 150_000
            async for batch in adb.batches("SELECT n FROM t", rows=1_000):
                assert batch.height
                break
            assert [b async for b in adb.batches("SELECT n FROM t WHERE n < 0") if b.height] == []
            with pytest.raises(rem.BindError):
                await anext(adb.batches("SELECT m FROM t"))
            with pytest.raises(rem.InputError, match="rows is a whole number of at least 1, not 0"):
                await anext(adb.batches("SELECT n FROM t", rows=0))
            with pytest.raises(rem.ExecuteError, match=r"query failed|out of range|overflow"):
                [b async for b in adb.batches("SELECT CAST(n * 1000000 AS INT) FROM t")]

    run(work())


def test_a_cancelled_opening_leaves_the_folder_free(tmp_path):
    """What was opened for a task that went away is closed again."""

    async def work():
        opening = asyncio.create_task(rem.connect_async(tmp_path / "a.rem"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        # As long as it takes: `run` has an end.
        while True:
            await asyncio.sleep(0.02)
            try:
                return (await rem.connect_async(tmp_path / "a.rem")).path
            except (rem.ConflictError, rem.InputError):
                continue

    run(work())
