"""The catalog of functions of texts and bytes, beside the common ones in functions.py."""

from __future__ import annotations

import polars as pl

from rem_arrow.plan.signature import Function, define

_INT, _TEXT, _FLOAT, _BOOL, _BLOB = pl.Int64(), pl.String(), pl.Float64(), pl.Boolean(), pl.Binary()

TEXT: dict[str, Function] = {
    # Patterns.
    "glob": define("text text", _BOOL),
    "regexp_escape": define("text", _TEXT),
    **{
        name: define("text text text", _BOOL)
        for name in ("like_escape", "ilike_escape", "not_like_escape", "not_ilike_escape")
    },
    # Other ways to write bytes.
    "encode": define("text", _BLOB),
    "decode": define("bytes text?", _TEXT),
    "hex": define("any", _TEXT),
    "bin": define("any", _TEXT),
    "unhex": define("text", _BLOB),
    "unbin": define("text", _BLOB),
    "to_base": define("integer integer integer?", _TEXT),
    "to_base64": define("blob", _TEXT),
    "from_base64": define("text", _BLOB),
    "url_encode": define("text", _TEXT),
    "url_decode": define("text", _TEXT),
    # Digests.
    "md5": define("blob", _TEXT),
    "sha1": define("blob", _TEXT),
    "sha256": define("blob", _TEXT),
    "md5_number": define("blob", pl.UInt128()),
    "md5_number_lower": define("blob", pl.UInt64()),
    "md5_number_upper": define("blob", pl.UInt64()),
    "hash": define("any+", pl.UInt64()),
    # How alike two texts are.
    "levenshtein": define("text text", _INT),
    "damerau_levenshtein": define("text text", _INT),
    "hamming": define("text text", _INT),
    "jaccard": define("text text", _FLOAT),
    "jaro_similarity": define("text text float?", _FLOAT),
    "jaro_winkler_similarity": define("text text float?", _FLOAT),
    # Values written by a pattern.
    "format": define("text any*", _TEXT),
    "printf": define("text any*", _TEXT),
    "format_bytes": define("integer", _TEXT),
    "formatreadabledecimalsize": define("integer", _TEXT),
    "parse_formatted_bytes": define("text", pl.UInt64()),
    "bar": define("float float float float?", _TEXT),
    # Characters as a reader counts them, and without their marks.
    "left_grapheme": define("text integer", _TEXT),
    "right_grapheme": define("text integer", _TEXT),
    "length_grapheme": define("text", _INT),
    "substring_grapheme": define("text integer integer?", _TEXT),
    "strip_accents": define("text", _TEXT),
    "nfc_normalize": define("text", _TEXT),
    "unicode": define("text", pl.Int32()),
    # Parts of texts and paths.
    "overlay": define("text text integer integer?", _TEXT),
    "initcap": define("text", _TEXT),
    "parse_filename": define("text any? text?", _TEXT),
    "parse_dirname": define("text text?", _TEXT),
    "parse_dirpath": define("text text?", _TEXT),
    "parse_path": define("text text?", pl.List(_TEXT)),
    "path_join": define("text+", _TEXT),
}

TEXT_ALIASES: dict[str, str] = {
    "to_hex": "hex",
    "from_hex": "unhex",
    "to_binary": "bin",
    "from_binary": "unbin",
    "base64": "to_base64",
    "sha": "sha1",
    "editdist3": "levenshtein",
    "mismatches": "hamming",
    "formatreadablesize": "format_bytes",
    "strlen": "octet_length",
    "ord": "unicode",
}
