"""A flipped byte, in whatever file: answers are right, or the damage is found; never a wrong row, a panic, a hang."""

from __future__ import annotations

import pytest

import rem_arrow as rem
from tests.damage import flips, specimen
from tests.effort import sample

SEED = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("flips")
    specimen.build(path / "specimen")
    return path


@pytest.fixture(autouse=True)
def _small_indexes(monkeypatch):
    specimen.small_indexes(monkeypatch.setattr)


def outcomes(folder, chosen, *, read_only, questions=None):
    """Return what came of flips, those that were wrong by their place."""
    tried = {
        flip: flips.tried(
            folder / "specimen",
            folder / "copy",
            flip,
            read_only=read_only,
            questions=None if questions is None else questions[i % len(questions)],
        )
        for i, flip in enumerate(chosen)
    }
    assert {flip: outcome.wrong for flip, outcome in tried.items() if outcome.wrong} == {}
    return tried


def test_without_a_flip_all_answers_are_right(folder):
    """By a reader and by a writer."""
    for read_only in (True, False):
        flip = flips.Flip("CURRENT", 0, 0)
        assert outcomes(folder, [flip], read_only=read_only)[flip] == flips.Outcome(0, [])


@pytest.mark.parametrize(("read_only", "count"), [(True, 20), (False, 8)])
def test_a_flip_is_found_or_harmless(folder, read_only, count):
    """All over the files, a few questions for each; some flips are found, and some do no harm."""
    names = list(specimen.QUESTIONS)
    asked = [names[i::4] for i in range(4)]
    chosen = sample(flips.sample(folder / "specimen", count, SEED))
    tried = outcomes(folder, chosen, read_only=read_only, questions=asked)
    refused = sum(outcome.refused > 0 for outcome in tried.values())
    assert 0 < refused < len(tried)


@pytest.mark.long
@pytest.mark.parametrize("read_only", [True, False])
def test_many_flips_are_found_or_harmless(folder, read_only):
    """As above, some thousand, all questions; `python -m tests.damage.flips` tries every byte."""
    outcomes(folder, flips.sample(folder / "specimen", 2_000, SEED + 1), read_only=read_only)


def test_damaged_files_of_indexes_are_made_anew(folder):
    """Without an error; stats and verify tell, and the next opening finds them sound."""
    names = [n for n in flips.files(folder / "specimen") if n.startswith(specimen.DERIVED) and ".managed" not in n]
    assert len(names) > 4
    for name in sample(names):
        path = folder / "copy"
        flips.copy(folder / "specimen", path)
        flips.Flip(name, (path / name).stat().st_size // 2, 4).apply(path)
        with rem.connect(path, background=False) as db:
            assert name.split("/")[0] in db.verify()["problem"].str.join().item(), name
            for asked in ("words", "points"):
                ask, expected = specimen.QUESTIONS[asked]
                assert ask(db) == expected, name
            embedded = [tv.table for tv in db._instance.store.version if tv.table.embeddings]
            for table in embedded:
                db.search(table.name, "words", mode="vector")
            assert "is damaged" in "".join(db.stats()["remade_indexes"]), name
            for number in [db._instance.store.version.names["points"], *(table.number for table in embedded)]:
                db._instance.indexes.vectors.update(number)
        with rem.connect(path, background=False) as db:
            assert db.verify().rows() == [], name
