"""`python -m tests.fuzz TARGET [libFuzzer's options and folders]`: the search, and its sources.

`--sources` prints the SHA-256 over all sources of ours that the target's corpus has reached.
"""

import hashlib
import importlib
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
INSTRUMENTED = ("penfw", "penhost")
OURS = (*INSTRUMENTED, "tests.fuzz")


def corpus(target):
    """The kept inputs, in order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def module(target):
    """The target's module."""
    return importlib.import_module(f"tests.fuzz.{target}")


def source_hash(target):
    """Of what the target tests and of how it does so."""
    play = module(target).one_input
    for data in corpus(target):
        play(data)
    found = {
        name: one.__file__
        for name, one in sys.modules.items()
        if name.split(".")[0] in INSTRUMENTED or name.startswith("tests.fuzz")
    }
    digest = hashlib.sha256()
    for name in sorted(found):
        if found[name]:
            digest.update(name.encode() + Path(found[name]).read_bytes())
    return digest.hexdigest()


def search(target, options):
    """Ends the process."""
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED), enable_loader_override=False):
        play = module(target).one_input
    atheris.Setup([sys.argv[0], *options], play)
    atheris.Fuzz()


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    if rest == ["--sources"]:
        print(source_hash(name))
    else:
        search(name, rest)
