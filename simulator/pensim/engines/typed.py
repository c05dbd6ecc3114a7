"""Code of what is typed into the in-process engine's REPL."""

import ast
from types import CodeType

from pensim.engines.loops import parsed, with_ticks

STDIN = "/<stdin>"  # tracebacks show it without the slash, as all files of the board
SHOW = "__repl_print__"  # MicroPython's own name of the function that shows a value


class _Shown(ast.NodeTransformer):
    """Gives the value of each expression statement outside functions and classes to `SHOW`."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = ast.Call(ast.Name(SHOW, ast.Load()), [node.value], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))

    def _unchanged(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _unchanged


def typed_code(text: bytes, kind: str, ticks: bool) -> CodeType:
    """Compiles a text; of "single" ones values are shown, with `ticks` loops call the board.

    What MicroPython's grammar lacks is its SyntaxError, "invalid syntax".
    """
    source = text.decode().encode()  # what is no text is an error like others
    try:
        tree = parsed(source, STDIN)
    except SyntaxError as error:
        if type(error) is SyntaxError:
            error.msg = "invalid syntax"
        raise
    if ticks:
        tree = with_ticks(tree)
    if kind == "single":
        tree = _Shown().visit(tree)
    return compile(tree, STDIN, "exec", dont_inherit=True)
