"""HumanEval's ``check(candidate)`` as separate tests."""

import ast


class _Rename(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: D102
        return ast.Name(self._name, node.ctx) if node.id == "candidate" else node


def tests_of_check(source: str, entry_point: str) -> list[str]:
    """Split HumanEval's ``check(candidate)``: assert by assert; from the first other statement on, one test."""
    module = ast.parse(source)
    check = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    if check is None:
        return [f"{source}\ncheck({entry_point})"]
    body = [node for node in check.body if not _is_idle(node)]
    plain = next((place for place, node in enumerate(body) if not isinstance(node, ast.Assert)), len(body))
    tests = [ast.unparse(_Rename(entry_point).visit(node)) for node in body[:plain]]
    if plain < len(body):
        check.body = body[plain:]
        tests.append(f"{ast.unparse(check)}\ncheck({entry_point})")
    return tests


def _is_idle(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Name | ast.Constant)
    return isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and bool(node.test.value)
