"""The program `penloop`, and `python -m penloop`: Ctrl-C ends it quietly from its first moment."""

import sys


def main() -> None:
    """The console entry. Loading the commands takes half a second, in which Ctrl-C may come."""
    try:
        from penloop.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
