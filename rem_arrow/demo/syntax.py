"""One source file to its facts.

In: the bytes of a file and the full name of its module. Out: `ModuleFacts`. Raises SyntaxError or ValueError for what
is not Python of this version or not in its declared encoding, RecursionError for what nests too deep.

What counts: classes and functions at the top of the module and in classes, also inside if, try, with and loops. Of
several definitions of one name in a file the first stays, with all that is inside it. Functions and classes inside a
function have no facts of their own; their calls count as calls of the function around them. Imports count wherever they
stand.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from rem_arrow.demo.calls import calls_of, imported, path_of
from rem_arrow.demo.facts import ClassFacts, FunctionFacts, Import, ModuleFacts, Reference


def parse(text: bytes, module: str, *, is_package: bool) -> ModuleFacts:
    """Return the facts of one file; `is_package` says that it is an `__init__.py`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    parser = _Parser(module if is_package else module.rpartition(".")[0])
    parser.scope(tree.body, None)
    return ModuleFacts(
        docstring=ast.get_docstring(tree),
        size=text.count(b"\n") + (not text.endswith(b"\n") and bool(text)),
        classes=tuple(parser.classes),
        functions=tuple(parser.functions),
        imports=tuple(parser.imports),
        names=parser.names,
        stars=tuple(parser.stars),
        exports=None if parser.exports_unknown or parser.exports is None else frozenset(parser.exports),
    )


class _Parser:
    """Collects the facts of one module. `package` is the full name that `from . import x` starts at."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.classes: list[ClassFacts] = []
        self.functions: list[FunctionFacts] = []
        self.imports: list[Import] = []
        self.names: dict[str, list[Reference]] = {}
        self.stars: list[str] = []
        self.exports: set[str] | None = None
        self.exports_unknown = False
        self._defined: set[str] = set()

    def scope(self, body: list[ast.stmt], owner: str | None) -> None:
        """Collect from the statements of a module, or of the class `owner`."""
        for statement in _statements(body):
            match statement:
                case ast.ClassDef():
                    self._class(statement, owner)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(statement, owner)
                case ast.Import() | ast.ImportFrom():
                    self._import(statement, binds=owner is None)
                case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr() if owner is None:
                    self._value(statement)
                case _:
                    pass

    def _class(self, node: ast.ClassDef, owner: str | None) -> None:
        qualname = f"{owner}.{node.name}" if owner else node.name
        if qualname in self._defined:
            return
        self._defined.add(qualname)
        paths = [path_of(b.value if isinstance(b, ast.Subscript) else b) for b in node.bases]
        facts = ClassFacts(
            qualname=qualname,
            owner=owner,
            bases=tuple(ast.unparse(b) for b in node.bases),
            base_paths=tuple(p for p in paths if p is not None),
            docstring=ast.get_docstring(node),
            line=node.lineno,
            size=_size(node),
        )
        self.classes.append(facts)
        self.scope(node.body, qualname)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str | None) -> None:
        qualname = f"{owner}.{node.name}" if owner else node.name
        if qualname in self._defined:
            return
        self._defined.add(qualname)
        calls, imports = calls_of(node, self.package, in_class=owner is not None)
        for statement in imports:
            self._import(statement, binds=False)
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        facts = FunctionFacts(
            qualname=qualname,
            owner=owner,
            signature=f"{node.name}({ast.unparse(node.args)}){returns}",
            docstring=ast.get_docstring(node),
            line=node.lineno,
            size=_size(node),
            is_async=isinstance(node, ast.AsyncFunctionDef),
            calls=calls,
        )
        self.functions.append(facts)

    def _import(self, node: ast.Import | ast.ImportFrom, *, binds: bool) -> None:
        for one in imported(node, self.package):
            self.imports.append(Import(one.module, one.name if one.name != "*" else None, node.lineno))
            if one.name == "*":
                self.stars.append(one.module)
            elif binds:
                self.names.setdefault(one.bound, []).append(one.reference)

    def _value(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr) -> None:
        """Note what an assignment at the top of the module binds, and `__all__`."""
        if isinstance(node, ast.Expr):
            path = path_of(node.value)
            self.exports_unknown |= path is not None and path[0] == "__all__"
            return
        if node.value is None:
            return
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and target.id == "__all__":
                self._export(node.value)
            elif not isinstance(node, ast.AugAssign):
                self._bind(target, node.value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its_value in zip(target.elts, value.elts, strict=True):
                self._bind(one, its_value)
        elif isinstance(target, ast.Name) and (path := path_of(value)) is not None:
            self.names.setdefault(target.id, []).append(Reference("module", path))

    def _export(self, value: ast.expr) -> None:
        texts = (
            [e.value for e in value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            if isinstance(value, ast.List | ast.Tuple)
            else []
        )
        self.exports = (self.exports or set()) | set(texts)
        self.exports_unknown |= not isinstance(value, ast.List | ast.Tuple) or len(texts) != len(value.elts)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of one scope in order, with those inside if, try, with, loops and match."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from _statements([child])
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from _statements(child.body)


def _size(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None, "ast.parse gives every statement its end"
    return node.end_lineno - node.lineno + 1
