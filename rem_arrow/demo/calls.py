"""What one function calls, as references, and what an import statement binds.

A name that the function binds itself (a parameter, an assignment, a loop) hides the module's name, and a call through
it is left out, with two exceptions: a name that is bound once, by `name = path` or `name = path(...)`, stands for that
path, and a name bound by an import inside the function stands for what was imported. The first parameter of a method is
the object, or the class.

Scopes inside the function (nested functions, comprehensions, lambdas) are not told apart from it: a name bound in one
of them is bound in the whole function. This loses some calls and invents none.
"""

from __future__ import annotations

import ast
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from rem_arrow.demo.facts import CALL, Path, Reference

_ALIASES_MAX = 4
_MARKS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.Constant)
_PLAIN = frozenset(("id", "attr", "ctx", "op", "ops"))
# Of each kind of node the fields that may hold others.
_FIELDS = {
    kind: tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and not issubclass(kind, _MARKS)
}


def calls_of(
    node: ast.FunctionDef | ast.AsyncFunctionDef, package: str, *, in_class: bool
) -> tuple[dict[Reference, tuple[int, int]], list[ast.Import | ast.ImportFrom]]:
    """Return each callee with its number of calls and first line, and the import statements inside the function."""
    names = _Names()
    names.parameters(node.args)
    paths: list[tuple[Path, int]] = []
    imports: list[ast.Import | ast.ImportFrom] = []
    for statement in node.body:
        for inner in _nodes(statement):
            if isinstance(inner, ast.Call):
                path = path_of(inner.func)
                if path is not None:
                    paths.append((path, inner.lineno))
            elif isinstance(inner, ast.Import | ast.ImportFrom):
                imports.append(inner)
                names.imports.update((i.bound, i.reference) for i in imported(inner, package) if i.name != "*")
            else:
                names.note(inner)
    if in_class:
        names.receiver(node)
    return _counted(paths, names), imports


def _nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield a statement and what it holds, breadth first as `ast.walk` does, without operators, constants and the marks
    of reading and writing: these neither call nor bind, and are more than half of the nodes."""
    nodes: deque[ast.AST] = deque([statement])
    while nodes:
        node = nodes.popleft()
        yield node
        for name in _FIELDS[type(node)]:
            child = getattr(node, name, None)
            if isinstance(child, list):
                nodes.extend([one for one in child if type(one) in _FIELDS])
            elif isinstance(child, ast.AST) and type(child) in _FIELDS:
                nodes.append(child)


@dataclass(slots=True)
class _Names:
    """The names that a function binds: how often, and to what where that is known."""

    bound: Counter[str] = field(default_factory=Counter)
    values: dict[str, Path] = field(default_factory=dict)
    imports: dict[str, Reference] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    itself: tuple[str, Path] | None = None

    def parameters(self, args: ast.arguments) -> None:
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                self.bound[arg.arg] += 1

    def note(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                self.bound[name] += 1
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ) if value is not None:
                path = path_of(value)
                if path is not None:
                    self.values[name] = path
            case (
                ast.arg(arg=str(name))
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                self.bound[name] += 1
            case (
                ast.MatchMapping(rest=str(name))
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                self.bound[name] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self.outer.update(names)
            case _:
                pass

    def receiver(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Take the first parameter as the object, or as the class in a class method and in `__new__`."""
        decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        first = (*node.args.posonlyargs, *node.args.args)[:1]
        if first and "staticmethod" not in decorators and self.bound[first[0].arg] == 1:
            is_class = "classmethod" in decorators or node.name in ("__new__", "__init_subclass__", "__class_getitem__")
            self.itself = (first[0].arg, () if is_class else (CALL,))

    def reference(self, path: Path) -> Reference | None:
        """Return what the path refers to seen from outside the function, None for what only the function knows."""
        for _ in range(_ALIASES_MAX):
            head, rest = path[0], path[1:]
            if self.itself is not None and head == self.itself[0]:
                return Reference("class", self.itself[1] + rest)
            if head in self.imports:
                return Reference("tree", self.imports[head].path + rest)
            if head not in self.bound or head in self.outer:
                is_super = self.itself is not None and path[:2] == ("super", CALL)
                return Reference("bases", path[2:]) if is_super and len(path) > 2 else Reference("module", path)
            if self.bound[head] != 1 or head not in self.values:
                return None
            path = self.values[head] + rest
        return None


def _counted(paths: list[tuple[Path, int]], names: _Names) -> dict[Reference, tuple[int, int]]:
    calls: dict[Reference, tuple[int, int]] = {}
    for path, line in paths:
        reference = names.reference(path)
        if reference is not None:
            count, first = calls.get(reference, (0, line))
            calls[reference] = (count + 1, min(first, line))
    return calls


def path_of(expression: ast.expr) -> Path | None:
    """Return the path of `a.b`, `a.b(...)`, `a(...).b`; None for any other expression."""
    steps: list[str] = []
    while True:
        match expression:
            case ast.Name(id=name):
                return (name, *reversed(steps))
            case ast.Attribute(value=expression, attr=attr):
                steps.append(attr)
            case ast.Call(func=expression):
                steps.append(CALL)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Imported:
    """One name of an import statement: the module and name as in `Import`, the name bound, what it is bound to."""

    module: str
    name: str | None
    bound: str
    reference: Reference


def imported(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[Imported]:
    """Yield what an import statement brings; nothing for a relative import that leaves the tree."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            path = tuple(alias.name.split(".")) if alias.asname else (bound,)
            yield Imported(alias.name, None, bound, Reference("tree", path))
        return
    module = _absolute(node, package)
    for alias in node.names if module else ():
        yield Imported(
            module, alias.name, alias.asname or alias.name, Reference("tree", (*module.split("."), alias.name))
        )


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that `from` names, "" where a relative import leaves the tree."""
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    if node.level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
