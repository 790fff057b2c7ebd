"""What can be read of a damaged folder, from links to its files in a scratch folder; the folder itself is not changed.

    the list of files (MANIFEST) is sound    open what it names; logs are written anew without their damaged records
    it is not                                RocksDB lists the files that it can read; then what was logged is written
                                             again, from the first record to the last

Reading goes around damaged blocks. Where a file cannot be opened at all it hides what other files hold of its family:
what it hides is read from a second scratch folder, whose list is made without that file. There a key may be back whose
deletion was in the lost file: whoever reads compares. Pages that RocksDB cannot read are looked for in the bytes of the
file (`loose_pages`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rem_arrow.base.errors import CorruptionError
from rem_arrow.storage import keys, kv_options, log_file, write_batch
from rem_arrow.storage.kv import KV, Mode, Op
from rem_arrow.storage.loose_pages import loose_pages

_KEY_BYTES = 16
_DATA_FILE = re.compile(r"\d+\.sst")


class Problem(NamedTuple):
    """Damage that belongs to no table: the file or the family, and what is wrong; `commits` that are gone with it."""

    place: str
    problem: str
    commits: str | None = None


class Gap(NamedTuple):
    """Keys of a family that cannot be read: those from `low` to before `high`; None is the last."""

    low: bytes
    high: bytes | None
    problem: str

    def meets(self, prefix: bytes) -> bool:
        """Say whether a key with that prefix may lie in the gap."""
        after = keys.after(prefix)
        return (self.high is None or prefix < self.high) and (after is None or self.low < after)


class PageReader(KV):
    """A store in which a page is found also where RocksDB cannot read it, if its own bytes are sound.

    Attributes:
        damaged: the files in which such a page was looked for.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        super().__init__(path, mode)
        self.damaged: list[Path] = sorted((path / "lost").glob("*.sst"))
        self._loose: dict[bytes, bytes] = {}
        self._searched: set[Path] = set()

    def get(self, family: str, key: bytes) -> bytes | None:
        if family != "pages":
            return super().get(family, key)
        try:
            value = super().get(family, key)
            return self._found(key) if value is None and self.damaged else value
        except CorruptionError as error:
            self._note_files(str(error))
            value = self._found(key)
            if value is None:
                raise
            return value

    def _note_files(self, problem: str) -> None:
        for name in _DATA_FILE.findall(problem):
            path = self.path / name
            if path.is_file() and path not in self.damaged:
                self.damaged.append(path)

    def _found(self, key: bytes) -> bytes | None:
        for path in self.damaged:
            if path not in self._searched:
                self._searched.add(path)
                self._loose.update(loose_pages(path))
        return self._loose.get(key)


class Source:
    """A damaged folder, as far as it can be read.

    Attributes:
        kv: where pages are read.
        problems: what is wrong with files.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.problems: list[Problem] = []
        self._folder, self._scratch = folder, scratch
        self._manifest = self._sound_manifest()
        self._anew: PageReader | None = None
        self.kv = self._opened() if self._manifest is not None else self._listed_anew()
        if self.kv.damage is not None:
            self.problems.append(Problem("files", self.kv.damage))

    def close(self) -> None:
        """Close the scratch folders."""
        self.kv.close()
        if self._anew is not None:
            self._anew.close()

    def page_problems(self) -> list[Problem]:
        """Return the files whose pages were looked for one by one."""
        known = {p.place for p in self.problems}
        return [
            Problem(path.name, "damaged; its pages were looked for one by one")
            for path in self.kv.damaged
            if path.name not in known
        ]

    def entries(self, family: str) -> tuple[dict[bytes, bytes], list[Gap]]:
        """Return all that can be read of a family, and what cannot."""
        entries: dict[bytes, bytes] = {}
        gaps = []
        for item in _around_damage(self.kv, family):
            if isinstance(item, Gap):
                gaps.append(item)
            else:
                entries[item[0]] = item[1]
        if gaps and self._manifest is not None:
            self._anew = self._anew or self._listed_anew()
            for item in _around_damage(self._anew, family):
                if not isinstance(item, Gap) and any(_within(item[0], gap) for gap in gaps):
                    entries[item[0]] = item[1]
        return dict(sorted(entries.items())), gaps

    def gaps(self, family: str) -> list[Gap]:
        """Return what cannot be read of a family."""
        return [item for item in _around_damage(self.kv, family) if isinstance(item, Gap)]

    # --- scratch folders

    def _sound_manifest(self) -> Path | None:
        """Return the list of files that is in use, else the newest; None where it is damaged, and says so."""
        paths = sorted(self._folder.glob("MANIFEST-*"))
        current = self._folder / "CURRENT"
        try:
            named = self._folder / current.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            named = current
        if named not in paths:
            self.problems.append(Problem("CURRENT", f"{current} names no list of files"))
        for path in [named] if named in paths else reversed(paths):
            try:
                log_file.check(path, whole=True)
                return path
            except CorruptionError as error:
                self.problems.append(Problem(path.name, str(error)))
        return None

    def _linked(self, name: str) -> Path:
        """Return a new scratch folder with the data files."""
        scratch = self._scratch / name
        scratch.mkdir(parents=True)
        for path in [*self._folder.glob("*.sst"), *self._folder.glob("rocksdict-config.json")]:
            try:
                os.link(path, scratch / path.name)
            except OSError:
                shutil.copyfile(path, scratch / path.name)
        return scratch

    def _opened(self) -> PageReader:
        scratch = self._linked("as-listed")
        assert self._manifest is not None, "it is sound"
        shutil.copyfile(self._manifest, scratch / self._manifest.name)
        (scratch / "CURRENT").write_text(self._manifest.name + "\n", encoding="ascii")
        for path in sorted(self._folder.glob("*.log")):
            logged = list(log_file.sound_entries(path))
            if None in logged:
                log_file.write(scratch / path.name, [entry for entry in logged if entry is not None])
                self.problems.append(Problem(path.name, "records of the log are damaged", _lost_commits(logged)))
            else:
                shutil.copyfile(path, scratch / path.name)
        try:
            return PageReader(scratch, "read")
        except CorruptionError as error:
            self.problems.append(Problem(self._manifest.name, str(error)))
            self._manifest = None
            return self._listed_anew()

    def _listed_anew(self) -> PageReader:
        scratch = self._linked("listed-anew")
        kv_options.list_files_anew(scratch)
        # What the data files say counts for more than a damaged list; opening numbers families without files at will.
        families = _families(self._folder, scratch)
        anew = PageReader(scratch, "write")
        self.problems += [
            Problem(path.name, f"{self._folder / path.name} cannot be read to its end")
            for path in sorted((scratch / "lost").glob("*.sst"))
        ]
        for path in sorted(self._folder.glob("*.log")):
            logged = list(log_file.sound_entries(path))
            if None in logged and self._manifest is None:
                self.problems.append(Problem(path.name, "records of the log are damaged", _lost_commits(logged)))
            for batch in logged:
                if batch is not None:
                    anew.write(_ops(anew, batch, families))
        return anew


def _families(*folders: Path) -> dict[int, str]:
    """Return the families by number, as lists of files name them, those that are damaged too; one that is missing is
    told by the others."""
    families = {0: keys.CATALOG}
    for path in [path for folder in folders for path in sorted(folder.glob("MANIFEST-*"))]:
        named = write_batch.families_in(path.read_bytes())
        families |= {n: name for n, name in named.items() if name in keys.FAMILIES and n < len(keys.FAMILIES)}
    if len(set(families.values())) < len(families):
        raise CorruptionError(f"{folders[0]}: the lists of files do not agree on what the logs hold")
    names = [name for name in keys.FAMILIES if name not in families.values()]
    numbers = [n for n in range(len(keys.FAMILIES)) if n not in families]
    return families | (dict(zip(numbers, names, strict=True)) if len(names) == len(numbers) == 1 else {})


def _ops(target: KV, batch: bytes, families: dict[int, str]) -> Iterator[Op]:
    for operation in write_batch.operations(batch):
        family = families.get(operation.family)
        if family is None:
            continue
        if operation.end is None:
            yield family, operation.key, operation.value
        else:
            for key, _ in target.scan_between(family, operation.key, operation.end):
                yield family, key, None


def _lost_commits(logged: list[bytes | None]) -> str | None:
    """Return which commits were in the damaged records, by those around them: "7 to 9", "after 7"."""
    ranges, last, broken = [], None, False
    for batch in logged:
        commit = None if batch is None else write_batch.commit_of(batch)
        if batch is None:
            broken = True
        elif commit is not None:
            if broken and last is not None and commit > last + 1:
                ranges.append(f"{last + 1}" if commit == last + 2 else f"{last + 1} to {commit - 1}")
            elif broken and last is None:
                ranges.append(f"before {commit}")
            broken, last = False, commit
    if broken:
        ranges.append("unknown" if last is None else f"after {last}")
    return ", ".join(ranges) or None


def _within(key: bytes, gap: Gap) -> bool:
    return gap.low <= key and (gap.high is None or key < gap.high)


def _around_damage(source: KV, family: str) -> Iterator[tuple[bytes, bytes] | Gap]:
    """Yield the entries of a family in order, and each range of keys that cannot be read."""
    low: bytes | None = b""
    while low is not None:
        at = low
        try:
            for key, value in source.scan_between(family, low, None):
                yield key, value
                at = key + b"\0"
            return
        except CorruptionError as error:
            low = _readable_from(source, family, at)
            yield Gap(at, low, str(error))


def _readable_from(source: KV, family: str, low: bytes) -> bytes | None:
    """Return the first key behind `low` from which the family can be read again, as near as a search by halves finds
    it; None where there is none."""
    start, end = int.from_bytes(low[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0"), "big"), 1 << 8 * _KEY_BYTES
    step = 1
    while not _is_readable(source, family, start + step):
        step *= 2
        if start + step >= end:
            return None
    bad, good = start + step // 2, start + step
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if _is_readable(source, family, middle) else (middle, good)
    return good.to_bytes(_KEY_BYTES, "big")


def _is_readable(source: KV, family: str, key: int) -> bool:
    try:
        next(source.scan_between(family, key.to_bytes(_KEY_BYTES, "big"), None), None)
    except CorruptionError:
        return False
    return True
