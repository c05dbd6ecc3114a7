"""What a board does after a boot: boot.py, main.py, and then the REPL if it has one.

As the rp2 port's `main` does it: main.py does not run when boot.py failed, nor after a soft reset
out of the raw REPL; SystemExit is a soft reset. Without a REPL the board stands still once
main.py has ended.
"""

import os

import _link
import _repl
import _sys
from _board import W, exchange
from _layout import ARG0, EXIT, FAILED, FRIENDLY_REPL, NO_REPL, REASON, REBOOT
from _profile import REPL

_BUILTINS = (
    ("open", os.open),
    ("print", _sys._print),
    ("input", _sys._input),
    ("__repl_print__", _sys._show),
)
for _name, _value in _BUILTINS:
    _link.set_builtin(_name, _value)


def run():
    """Never returns: what is left of the session is one EXIT request after another."""
    mode = REPL
    if mode == NO_REPL:
        code, text = _ending(_programs())
    else:
        code, text = 0, b""
        error = _programs()
        if isinstance(error, Exception):
            _tell(error)
        if not _repl.ended_by(error, False):
            mode = _repl.serve(mode)
        W[REBOOT] = 1
    while True:
        W[ARG0] = code
        W[ARG0 + 1] = mode
        W[REASON] = EXIT
        _link.exchange(text)


def _tell(error):
    """The simulator learns of an exception whose traceback only the USB port would see."""
    try:
        exchange(FAILED, _link.format_exception(error))
    except KeyboardInterrupt:
        pass


def _programs():
    """Runs boot.py and main.py; returns the exception that ended one, or None."""
    error = _repl.execute(_link.file_code, "/boot.py")
    if error is None and REPL in (NO_REPL, FRIENDLY_REPL):
        error = _repl.execute(_link.file_code, "/main.py")
    return error


def _ending(error):
    """(exit code, text) of a script that ended."""
    if error is None:
        return 0, b""
    if not isinstance(error, SystemExit):
        return 1, _link.format_exception(error)
    status = error.args[0] if error.args else None
    if status is None or isinstance(status, int):
        return int(status or 0), b""
    return 1, (str(status) + "\n").encode()
