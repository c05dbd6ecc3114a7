"""`penloop shell`: a prompt that holds the connection to a pen."""

import sys

import typer

from penloop.connection import Port


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("shell")(shell)


def shell(port: Port = "") -> int:
    """Open a prompt that holds the connection: commands without the port, Ctrl-D leaves."""
    from penloop.shell import lines, prompt
    from penloop.shell.link import Link

    is_terminal = sys.stdin.isatty()
    link = Link(port, in_background=is_terminal)
    try:
        if not is_terminal:
            return lines.run_all(sys.stdin, link)
        print(f"{link.pen.info.product} {link.pen.info.pen_id}, firmware "
              f"{link.pen.info.firmware_version}. Try `help`; F10 stops the motor.")  # fmt: skip
        prompt.run(link)
        return 0
    finally:
        link.close()
