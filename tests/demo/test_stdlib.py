"""Source to rows and edges: on a small tree, exactly; on the standard library, in what must hold."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import polars as pl
import pytest

from rem_arrow.demo import stdlib
from rem_arrow.demo.library_models import Class, Function, Module
from rem_arrow.demo.stdlib import Library

TREE = {
    "plain.py": '"""Plain."""\nimport sys\nimport nowhere\n\ndef greet(name, *, loud=False) -> str:\n    '
    '"""Greet."""\n    return name\n\ndef _hidden(): greet("a"); greet("b")\n',
    "star.py": "from plain import *\nfrom pkg import *\n\ndef use():\n    greet('x')\n    _hidden()\n    make()\n    "
    "unlisted()\n",
    "pkg/__init__.py": '"""A package."""\nfrom .core import make, unlisted\nfrom . import shapes as s\n__all__ = '
    '["make"]\n',
    "pkg/core.py": (
        "import plain as p, pkg.shapes\n"
        "from .shapes import Square as Sq\n"
        "from . import sub\n"
        "from .sub.deep import *\n"
        "from ...above import x\n"
        "hello = p.greet\n"
        "square = Sq()\n\n"
        "def make():\n    hello('x'); hello('y')\n    square.area()\n    Sq(2).grow()\n    pkg.shapes.Shape()\n    "
        "deep()\n    print(1)\n\n"
        "def unlisted():\n    return unlisted()\n\n"
        "def local(make, *, flag):\n    make()\n    p = flag\n    p.greet()\n    from plain import greet as g\n    "
        "g()\n    t = Sq()\n    t.area()\n    u = 1\n    u = Sq()\n    u.area()\n"
    ),
    "pkg/shapes.py": (
        "import abc\n"
        "class Shape(Exception):\n"
        '    """A shape."""\n'
        "    def __init__(self): self.area()\n"
        "    def area(self): return 0\n"
        "    def grow(self):\n        self.area()\n        type(self).area()\n        self.size.area()\n        "
        "self()\n"
        "    def __call__(self): pass\n"
        "    @classmethod\n    def new(cls): return cls()\n"
        "    @staticmethod\n    def loose(self): self.area()\n"
        "    @property\n    def side(self): return 1\n"
        "    @side.setter\n    def side(self, value): self.area()\n"
        "    class Inner: pass\n"
        "    class Other(Inner): pass\n\n"
        "class Square(Shape):\n"
        "    def __init__(self, n=1):\n        super().__init__()\n        self.grow()\n"
        "    def area(self): return super().area()\n"
    ),
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "def deep():\n    def inner(): return aside()\n    return inner\n\nasync def aside(): pass\n",
    "heirs.py": "import pkg.shapes as sh\nfrom pkg.core import Sq\nfrom pkg.shapes import Shape\n\nclass "
    "A(sh.Square): pass\nclass B(Sq, Unknown, A): pass\nclass Shape(Shape): pass\nclass G(Sq[int]): pass\n",
    "twice.py": (
        "import sys\nif sys.platform == 'x':\n    def f(): g()\n    class C:\n        def m(self): pass\nelse:\n    "
        "def f(): pass\n"
        "    class C:\n        def m(self): pass\n        def n(self): pass\ntry:\n    def g(): pass\nexcept "
        "ImportError:\n    def g(): f()\n"
    ),
    "ünicode.py": '"""Schöne Grüße."""\nclass Größe:\n    def höhe(self): self.höhe()\n',
    "latin.py": "# -*- coding: latin-1 -*-\ndef f():\n    'caf\u00e9'\n",
    "broken.py": "def f(:\n",
    "test/__init__.py": "def never(): pass\n",
    "site-packages/installed.py": "def never(): pass\n",
    "not-a-name.py": "def never(): pass\n",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("library")
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1" if name == "latin.py" else "utf-8")
    (root / "bytes.py").write_bytes(b"x = '\xff'\n")
    (root / "null.py").write_bytes(b"x = 1\0\n")
    return stdlib.read(root)


@pytest.fixture(scope="module")
def real() -> Library:
    return stdlib.read(Path(sysconfig.get_path("stdlib")))


def _ends(library: Library, edge_type: str, start: str = "") -> set[tuple[str, str]]:
    found = library.edges.filter(pl.col("edge_type") == edge_type, pl.col("src").str.starts_with(start))
    return set(found.select("src", "dst").iter_rows())


def _calls(library: Library, src: str) -> dict[str, float]:
    found = library.edges.filter(pl.col("edge_type") == "calls", pl.col("src") == src)
    return dict(found.select("dst", "weight").iter_rows())


def test_modules_are_the_files_and_what_has_no_source(small: Library) -> None:
    """Each file that parses is a module; sys has no source; abc has, but elsewhere, and is left out."""
    kinds = dict(small.modules.select("id", "kind").iter_rows())
    assert kinds == {
        "heirs": "module",
        "latin": "module",
        "pkg": "package",
        "pkg.core": "module",
        "pkg.shapes": "module",
        "pkg.sub": "package",
        "pkg.sub.deep": "module",
        "plain": "module",
        "star": "module",
        "twice": "module",
        "ünicode": "module",
        "sys": "builtin",
    }


def test_files_that_do_not_parse_or_decode_are_skipped_and_named(small: Library) -> None:
    assert small.skipped == ("broken.py", "bytes.py", "null.py")


def test_a_module_row_is_complete(small: Library) -> None:
    rows = small.modules.filter(pl.col("id").is_in(["plain", "pkg", "sys"])).sort("id").rows()
    assert rows == [
        ("pkg", "pkg", "pkg", "package", "A package.", "pkg/__init__.py", 4, True),
        ("plain", "plain", "plain", "module", "Plain.", "plain.py", 9, True),
        ("sys", "sys", "sys", "builtin", None, None, 0, True),
    ]


def test_a_class_row_is_complete(small: Library) -> None:
    row = small.classes.row(by_predicate=pl.col("id") == "pkg.shapes.Shape.Other", named=True)
    assert row == {
        "id": "pkg.shapes.Shape.Other",
        "name": "Other",
        "module": "pkg.shapes",
        "package": "pkg",
        "bases": ["Inner"],
        "docstring": None,
        "file": "pkg/shapes.py",
        "line": 21,
        "size": 1,
        "is_public": True,
    }


def test_a_function_row_is_complete(small: Library) -> None:
    rows = (
        small.functions.filter(pl.col("module").is_in(["plain", "pkg.sub.deep", "ünicode", "latin"])).sort("id").rows()
    )
    assert rows == [
        ("latin.f", "f", "latin", "latin", None, "f()", "café", "latin.py", 2, 2, False, True),
        (
            "pkg.sub.deep.aside",
            "aside",
            "pkg.sub.deep",
            "pkg",
            None,
            "aside()",
            None,
            "pkg/sub/deep.py",
            5,
            1,
            True,
            True,
        ),
        (
            "pkg.sub.deep.deep",
            "deep",
            "pkg.sub.deep",
            "pkg",
            None,
            "deep()",
            None,
            "pkg/sub/deep.py",
            1,
            3,
            False,
            True,
        ),
        ("plain._hidden", "_hidden", "plain", "plain", None, "_hidden()", None, "plain.py", 9, 1, False, False),
        (
            "plain.greet",
            "greet",
            "plain",
            "plain",
            None,
            "greet(name, *, loud=False) -> str",
            "Greet.",
            "plain.py",
            5,
            3,
            False,
            True,
        ),
        (
            "ünicode.Größe.höhe",
            "höhe",
            "ünicode",
            "ünicode",
            "ünicode.Größe",
            "höhe(self)",
            None,
            "ünicode.py",
            3,
            1,
            False,
            True,
        ),
    ]


def test_docstrings_are_resources(small: Library) -> None:
    rows = small.resources.sort("id").select("id", "name", "uri", "content", "tags").rows()
    assert rows == [
        ("latin.f.__doc__", "latin.f", "latin.py:2", "café", ["function", "latin"]),
        ("pkg.__doc__", "pkg", "pkg/__init__.py:1", "A package.", ["module", "pkg"]),
        ("pkg.shapes.Shape.__doc__", "pkg.shapes.Shape", "pkg/shapes.py:2", "A shape.", ["class", "pkg"]),
        ("plain.__doc__", "plain", "plain.py:1", "Plain.", ["module", "plain"]),
        ("plain.greet.__doc__", "plain.greet", "plain.py:5", "Greet.", ["function", "plain"]),
        ("ünicode.__doc__", "ünicode", "ünicode.py:1", "Schöne Grüße.", ["module", "ünicode"]),
    ]
    assert small.resources["category"].unique().to_list() == ["docstring"]


def test_imports_go_to_modules(small: Library) -> None:
    """Relative, aliased and star imports, and those inside functions; nowhere and abc have no row, ...above is
    outside."""
    assert _ends(small, "imports") == {
        ("heirs", "pkg.core"),
        ("heirs", "pkg.shapes"),
        ("pkg", "pkg.core"),
        ("pkg", "pkg.shapes"),
        ("pkg.core", "pkg.shapes"),
        ("pkg.core", "pkg.sub"),
        ("pkg.core", "pkg.sub.deep"),
        ("pkg.core", "plain"),
        ("plain", "sys"),
        ("star", "pkg"),
        ("star", "plain"),
        ("twice", "sys"),
    }


def test_an_edge_counts_its_imports_and_keeps_the_first_line(small: Library) -> None:
    rows = (
        small.edges.filter(edge_type="imports", src="pkg.core").select("dst", "properties", "weight").sort("dst").rows()
    )
    assert rows == [
        ("pkg.shapes", '{"line": 1}', 2.0),
        ("pkg.sub", '{"line": 3}', 1.0),
        ("pkg.sub.deep", '{"line": 4}', 1.0),
        ("plain", '{"line": 1}', 2.0),
    ]


def test_modules_define_what_is_at_their_top_and_classes_their_members(small: Library) -> None:
    assert _ends(small, "defines", "pkg.shapes") == {
        ("pkg.shapes", "pkg.shapes.Shape"),
        ("pkg.shapes", "pkg.shapes.Square"),
        ("pkg.shapes.Square", "pkg.shapes.Square.__init__"),
        ("pkg.shapes.Square", "pkg.shapes.Square.area"),
        *(
            ("pkg.shapes.Shape", f"pkg.shapes.Shape.{n}")
            for n in ("__init__", "area", "grow", "__call__", "new", "loose", "side", "Inner", "Other")
        ),
    }


def test_inheritance_is_found_across_modules(small: Library) -> None:
    """Through an alias, a name that another module imported, a subscript, and a class that bears the name of its
    base."""
    assert _ends(small, "inherits") == {
        ("heirs.A", "pkg.shapes.Square"),
        ("heirs.B", "pkg.shapes.Square"),
        ("heirs.B", "heirs.A"),
        ("heirs.Shape", "pkg.shapes.Shape"),
        ("heirs.G", "pkg.shapes.Square"),
        ("pkg.shapes.Square", "pkg.shapes.Shape"),
        ("pkg.shapes.Shape.Other", "pkg.shapes.Shape.Inner"),
    }


def test_calls_go_through_imports_aliases_and_instances(small: Library) -> None:
    """An alias of a function, an object at the top of the module, a class called, a dotted module, a star import; print
    has no row."""
    assert _calls(small, "pkg.core.make") == {
        "plain.greet": 2.0,
        "pkg.shapes.Square.area": 1.0,
        "pkg.shapes.Shape.grow": 1.0,
        "pkg.shapes.Square.__init__": 1.0,
        "pkg.shapes.Shape.__init__": 1.0,
        "pkg.sub.deep.deep": 1.0,
    }


def test_a_function_calls_itself(small: Library) -> None:
    assert _calls(small, "pkg.core.unlisted") == {"pkg.core.unlisted": 1.0}


def test_local_names_hide_those_of_the_module(small: Library) -> None:
    """A parameter and a reassigned name are unknown; an import and a name bound once to a new object inside the
    function are known."""
    assert _calls(small, "pkg.core.local") == {
        "plain.greet": 1.0,
        "pkg.shapes.Square.__init__": 2.0,
        "pkg.shapes.Square.area": 1.0,
    }


@pytest.mark.parametrize(
    ("function", "callees"),
    [
        ("pkg.shapes.Shape.__init__", {"pkg.shapes.Shape.area"}),
        ("pkg.shapes.Shape.grow", {"pkg.shapes.Shape.area", "pkg.shapes.Shape.__call__"}),
        ("pkg.shapes.Shape.new", {"pkg.shapes.Shape.__init__"}),
        ("pkg.shapes.Shape.loose", set()),
        ("pkg.shapes.Shape.side", set()),
        ("pkg.shapes.Square.__init__", {"pkg.shapes.Shape.__init__", "pkg.shapes.Shape.grow"}),
        ("pkg.shapes.Square.area", {"pkg.shapes.Shape.area"}),
        ("ünicode.Größe.höhe", {"ünicode.Größe.höhe"}),
        ("pkg.sub.deep.deep", {"pkg.sub.deep.aside"}),
    ],
)
def test_methods_call_through_self_cls_and_super(small: Library, function: str, callees: set[str]) -> None:
    assert set(_calls(small, function)) == callees


def test_a_star_import_brings_public_names_or_all(small: Library) -> None:
    """plain has no __all__: greet comes, _hidden does not. pkg lists make only."""
    assert set(_calls(small, "star.use")) == {"plain.greet", "pkg.core.make"}


def test_of_definitions_of_one_name_the_first_stays(small: Library) -> None:
    """The second f, g and C are gone, with the method n and the call that only they have."""
    assert small.functions.filter(module="twice").select("id", "line").sort("id").rows() == [
        ("twice.C.m", 5),
        ("twice.f", 3),
        ("twice.g", 12),
    ]
    assert small.classes.filter(module="twice").select("id", "line").rows() == [("twice.C", 4)]
    assert _ends(small, "calls", "twice") == {("twice.f", "twice.g")}


def test_progress_is_told_for_each_file(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("x = (" if name == "b.py" else "")
    seen: list[tuple[int, int]] = []
    stdlib.read(tmp_path, on_file=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_names_that_refer_to_each_other_end(tmp_path: Path) -> None:
    """Imports in a circle, a class that is its own base, and an alias of itself resolve to nothing."""
    (tmp_path / "a.py").write_text(
        "from b import x\nfrom b import *\ny = y\ndef f(): x(); y(); z()\nclass K(K): pass\n"
    )
    (tmp_path / "b.py").write_text(
        "from a import x\nfrom a import *\nclass P(Q):\n    def m(self): self.n()\nclass Q(P): pass\n"
    )
    library = stdlib.read(tmp_path)
    assert _ends(library, "calls") == set()
    assert _ends(library, "inherits") == {("b.P", "b.Q"), ("b.Q", "b.P")}


def test_an_empty_folder_gives_empty_frames_of_the_same_columns(tmp_path: Path, small: Library) -> None:
    library = stdlib.read(tmp_path)
    for name in ("modules", "classes", "functions", "resources", "edges"):
        assert getattr(library, name).schema == getattr(small, name).schema
        assert getattr(library, name).is_empty()


@pytest.mark.parametrize(("frame", "model"), [("modules", Module), ("classes", Class), ("functions", Function)])
def test_the_columns_are_the_fields_of_the_models(
    small: Library, frame: str, model: type[Module] | type[Class] | type[Function]
) -> None:
    rows: pl.DataFrame = getattr(small, frame)
    assert set(rows.columns) == set(model.model_fields)
    for row in rows.iter_rows(named=True):
        model.model_validate(row, strict=True)


@pytest.mark.long
def test_the_standard_library_is_large_and_its_ids_are_unique(real: Library) -> None:
    assert real.functions.height > 5_000
    assert real.classes.height > 1_000
    for frame in (real.modules, real.classes, real.functions, real.resources):
        assert frame["id"].is_unique().all()


@pytest.mark.long
def test_every_edge_of_the_standard_library_has_both_ends_and_is_there_once(real: Library) -> None:
    assert real.edges.select("src_table", "src", "dst_table", "dst", "edge_type").is_unique().all()
    for end in ("src", "dst"):
        for (table,), edges in real.edges.group_by(f"{end}_table"):
            assert set(edges[end]) <= set(getattr(real, str(table))["id"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("edge_type", "src", "dst"),
    [
        ("calls", "json.dumps", "json.encoder.JSONEncoder.encode"),
        ("calls", "json.loads", "json.decoder.JSONDecoder.decode"),
        ("calls", "http.server.SimpleHTTPRequestHandler.do_GET", "http.server.SimpleHTTPRequestHandler.send_head"),
        ("inherits", "http.server.HTTPServer", "socketserver.TCPServer"),
        ("inherits", "json.decoder.JSONDecodeError", None),
        ("imports", "collections", "_collections_abc"),
        ("imports", "gzip", "zlib"),
        ("defines", "json.encoder.JSONEncoder", "json.encoder.JSONEncoder.encode"),
    ],
)
def test_the_standard_library_has_known_edges(real: Library, edge_type: str, src: str, dst: str | None) -> None:
    """ValueError is not a class of the tree, so JSONDecodeError inherits from none."""
    found = _ends(real, edge_type, src)
    assert ((src, dst) in found) if dst is not None else not found
