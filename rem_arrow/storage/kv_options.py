"""How RocksDB is set up: the options of the store and of each family, and the making of its list of files anew."""

from __future__ import annotations

from pathlib import Path

import rocksdict

from rem_arrow.storage import keys
from rem_arrow.storage.kv_errors import ROCKSDB_ERROR, translated

_WAL_BYTES_MAX = 256 << 20
# RocksDB starts these for each opening, which takes longer with its default of 16 than reading a few files.
_OPENING_THREADS = 2


def of_database(
    memory_bytes: int, *, strict: bool, after_cut: bool, writes: bool
) -> tuple[rocksdict.Options, dict[str, rocksdict.Options]]:
    """Return the options of the store, and those of its families but the default one."""
    cache = rocksdict.Cache(max(4 << 20, memory_bytes // 16))
    options = _of_family(memory_bytes, cache=cache)
    options.create_if_missing(writes)
    options.create_missing_column_families(writes)
    options.set_max_total_wal_size(min(_WAL_BYTES_MAX, max(4 << 20, memory_bytes // 8)))
    # A log that ends within a record was torn by the crash; a record that is damaged before the end is an error,
    # where RocksDB's default would drop it and every commit behind it. After a power cut that is what is wanted:
    # of several logs the one before the last may lack its end, and what follows it must not count.
    recovery = rocksdict.DBRecoveryMode
    options.set_wal_recovery_mode(recovery.point_in_time() if after_cut else recovery.tolerate_corrupted_tail_records())
    options.set_keep_log_file_num(2)
    options.set_max_file_opening_threads(_OPENING_THREADS)
    options.set_stats_dump_period_sec(0)
    families = {name: _of_family(memory_bytes, family=name, cache=cache) for name in keys.FAMILIES if name != "default"}
    options.set_paranoid_checks(strict)
    for each in (options, *families.values()):
        # A compaction would meet the damage again and again, and stop all writes.
        each.set_disable_auto_compactions(not strict)
    return options, families


def _of_family(
    memory_bytes: int, *, family: str | None = None, cache: rocksdict.Cache | None = None
) -> rocksdict.Options:
    options = rocksdict.Options(raw_mode=True)
    options.set_write_buffer_size(max(1 << 20, min(32 << 20, memory_bytes // 32)))
    options.set_compression_type(
        rocksdict.DBCompressionType.none() if family == "pages" else rocksdict.DBCompressionType.lz4()
    )
    blocks = rocksdict.BlockBasedOptions()
    blocks.set_checksum_type(rocksdict.ChecksumType.xxh3())
    if cache is not None:
        blocks.set_block_cache(cache)
    if family == "ids":
        blocks.set_bloom_filter(10, block_based=False)
    options.set_block_based_table_factory(blocks)
    return options


def list_files_anew(path: Path) -> None:
    """Let RocksDB make its list of files from the files of a folder, without the one that it has; those that it cannot
    read go into the folder `lost` there. What is in the logs is not read: put them aside before."""
    try:
        rocksdict.Rdict.repair(str(path), _of_family(1 << 30))
    except ROCKSDB_ERROR as error:
        raise translated(error, f"listing the files of {path}") from error
