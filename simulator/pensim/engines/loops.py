"""A board call in every loop of a script, so that a loop without one still sees its interrupts."""

import ast

TICK = "__tick__"  # the name under which a script finds the board call


class _Ticks(ast.NodeTransformer):
    """Begins each loop's body with a call of `TICK`."""

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._with_tick(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._with_tick(node)

    def _with_tick(self, node: ast.While | ast.For) -> ast.AST:
        self.generic_visit(node)
        call = ast.Expr(ast.Call(ast.Name(TICK, ast.Load()), [], []))
        for part in ast.walk(call):
            ast.copy_location(part, node)
        node.body.insert(0, call)
        return node


def parsed(source: bytes, name: str) -> ast.Module:
    """The module of a source text. Raises SyntaxError for what MicroPython's grammar lacks too."""
    return ast.parse(source, name, feature_version=(3, 8))


def with_ticks(module: ast.Module) -> ast.Module:
    """The module with a board call in each loop."""
    return _Ticks().visit(module)
