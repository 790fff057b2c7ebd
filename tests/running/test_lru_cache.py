"""A cache keeps what was used last, within its size, whoever uses it."""

from __future__ import annotations

import threading

from rem_arrow.running.lru_cache import LruCache


def test_what_was_not_used_longest_makes_room():
    """A look counts as use; a list of all does not."""
    dropped: list[int] = []
    cache: LruCache[str, int] = LruCache(3, evicted=dropped.append)
    for i, key in enumerate("abc"):
        cache.put(key, i)
    assert (cache.get("a"), cache.get("z")) == (0, None)
    assert cache.items() == [("a", 0), ("b", 1), ("c", 2)]
    cache.put("d", 3)
    cache.put("d", 4)
    assert dropped == [1]
    assert cache.items() == [("a", 0), ("c", 2), ("d", 4)]


def test_a_size_may_be_of_bytes():
    """Values are put out until the new one fits; one that is put again counts once."""
    cache: LruCache[int, bytes] = LruCache(10, size_of=len)
    for key, text in ((1, b"abcd"), (2, b"abcd"), (2, b"ab"), (3, b"abcdef")):
        cache.put(key, text)
    assert (cache.size, [key for key, _ in cache.items()]) == (8, [2, 3])


def test_what_is_taken_out_is_returned_and_evicts_nothing():
    dropped: list[int] = []
    cache: LruCache[int, int] = LruCache(9, evicted=dropped.append)
    for i in range(6):
        cache.put(i, i * i)
    assert cache.remove(lambda key: key % 2 == 1) == [1, 9, 25]
    assert (cache.size, cache.get(3), dropped) == (3, None, [])
    cache.clear()
    assert (cache.size, cache.items(), dropped) == (0, [], [])


def test_many_threads_share_a_cache():
    cache: LruCache[int, int] = LruCache(8)
    wrong: list[tuple[int, int | None]] = []

    def work(seed: int) -> None:
        for i in range(3_000):
            key = (i * seed) % 23
            cache.put(key, key)
            value = cache.get((i * 7) % 23)
            if value not in (None, (i * 7) % 23):
                wrong.append((key, value))
            if i % 50 == 0:
                cache.remove(lambda key: key < 3)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 5, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache.size == len(cache.items()) <= 8
