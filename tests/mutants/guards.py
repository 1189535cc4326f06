"""Every guard of a module, taken away one at a time: what a test must notice. Reads source text, never runs it.

if        an `if` that only leaves (return, continue) or only answers (yield) is never true
filter    a condition of a comprehension is gone
operand   one operand of an `and` or `or` is gone
term      one call to a gate is gone from a sum of waits
edge      `<` is `<=`, `>=` is `>`, and back
sql       a condition of a statement of SQL always holds
answer    a refusal (or anything else) that is given or None is always None
bound     of `min(a, b)` or `max(a, b)` only a is left
row       one row of a table of rules is gone
"""

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

TABLES = frozenset({"_RULES", "_RAISE_RISK", "_PERSONAL", "NEVER"})
# A condition of SQL, by the word before it: of what a column is, or that it is one of some words.
_CONDITION = re.compile(
    r"(?P<word>\b(?:WHERE|AND|OR) \(?)[\w.]+ (?:(?:<>|[<>]=?|=) (?:\?|'\w*'|[\w.]+)|(?:NOT )?IN \('[^)]*\))"
)
_EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one guard gone. `key` stays the same while the guard does, whatever its line."""

    key: str  # "<function>: <what> <text>", with "#2" where the function has the same guard again
    line: int
    write: Callable[[], str]

    @property
    def source(self) -> str:
        """The module's text; written when asked for, since a list of mutants needs none."""
        return self.write()


# What is done to one node, and how it is told; the node is one of a copy, and may be changed.
_Change = tuple[str, Callable[[ast.AST], ast.AST | None]]


def mutants_of(source: str) -> tuple[Mutant, ...]:
    """All mutants of a module, in the order of its text."""
    tree = ast.parse(source)
    seen: dict[str, int] = {}
    found = []
    for number, (where, node) in enumerate(_nodes(tree)):
        for told, change in _changes(node, where):
            key = f"{where}: {told}"
            seen[key] = seen.get(key, 0) + 1
            key += f" #{seen[key]}" if seen[key] > 1 else ""
            found.append(Mutant(key, getattr(node, "lineno", 0), partial(_changed, tree, number, change)))
    return tuple(found)


def _nodes(tree: ast.Module) -> list[tuple[str, ast.AST]]:
    """Every node with the function (or module-level name) that it stands in, always in the same order."""
    found: list[tuple[str, ast.AST]] = []
    for top in tree.body:
        if isinstance(top, ast.ClassDef):
            for inner in top.body:
                name = (
                    f"{top.name}.{inner.name}"
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                    else top.name
                )
                found += [(name, node) for node in ast.walk(inner)]
            continue
        name = top.name if isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef) else _assigned(top)
        body = top.value if isinstance(top, ast.AnnAssign) and top.value is not None else top
        found += [(name, node) for node in ast.walk(body)]
    return found


def _assigned(node: ast.stmt) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return next((target.id for target in targets if isinstance(target, ast.Name)), "")


def _changed(tree: ast.Module, number: int, change: Callable[[ast.AST], ast.AST | None]) -> str:
    fresh = copy.deepcopy(tree)
    target = _nodes(fresh)[number][1]
    _replace(fresh, target, change(target))
    return ast.unparse(ast.fix_missing_locations(fresh))


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, name, [new if item is old else item for item in value])


def _changes(node: ast.AST, where: str) -> Iterator[_Change]:
    match node:
        case ast.If(body=[ast.Return() | ast.Continue() | ast.Expr(ast.Yield())]):
            yield f"if {ast.unparse(node.test)}", _never
        case ast.comprehension(ifs=[_, *_]):
            for index, condition in enumerate(node.ifs):
                yield f"filter {ast.unparse(condition)}", _without("ifs", index)
        case ast.BoolOp():
            for index, operand in enumerate(node.values):
                yield f"operand {ast.unparse(operand)}", _without("values", index)
        case ast.BinOp(op=ast.Add()) | ast.AugAssign(op=ast.Add()):
            yield from _terms(node)
        case _:
            yield from _changes_of_values(node, where)


def _changes_of_values(node: ast.AST, where: str) -> Iterator[_Change]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _EDGES:
            yield f"edge {ast.unparse(node)}", _other_edge
        case ast.IfExp(orelse=ast.Constant(value=None)) | ast.IfExp(body=ast.Constant(value=None)):
            yield f"answer {ast.unparse(node.test)}", lambda _node: ast.Constant(None)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[_, second], keywords=[]):
            yield f"bound {ast.unparse(second)}", lambda changed: getattr(changed, "args")[0]  # noqa: B009
        case ast.Constant(value=str(text)):
            for found in _CONDITION.finditer(text):
                yield f"sql {found[0]}", partial(_always, found)
        case ast.Tuple() | ast.Set() if where in TABLES:
            for index, row in enumerate(node.elts):
                if not isinstance(row, ast.Starred):
                    yield f"row {ast.unparse(row)}", _without("elts", index)
        case _:
            return


def _terms(node: ast.BinOp | ast.AugAssign) -> Iterator[_Change]:
    if isinstance(node, ast.AugAssign):
        if _is_gate(node.value):
            yield f"term {ast.unparse(node.value)}", lambda _node: ast.Pass()
            return
    else:
        for side, other in (("left", "right"), ("right", "left")):
            if _is_gate(getattr(node, side)):
                yield f"term {ast.unparse(getattr(node, side))}", _only(other)


def _only(side: str) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        kept: ast.AST = getattr(node, side)
        return kept

    return change


def _is_gate(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("_gate", "_gates"))


def _without(field: str, index: int) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        left = getattr(node, field)
        del left[index]
        return left[0] if isinstance(node, ast.BoolOp) and len(left) == 1 else node

    return change


def _never(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(False)
    return node


def _always(condition: re.Match[str], node: ast.AST) -> ast.AST:
    """SQL in which a condition holds whatever stands in the rows; it takes the value that it took before."""
    holds = condition["word"] + ("? IS NOT NULL" if "?" in condition[0] else "1 = 1")
    return ast.Constant(condition.string[: condition.start()] + holds + condition.string[condition.end() :])


def _other_edge(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Compare)
    node.ops = [_EDGES[type(node.ops[0])]()]
    return node
