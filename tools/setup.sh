#!/usr/bin/env bash
# Makes .venv and .stubs ready. Does nothing when nothing changed since the last time.
#
#   tools/setup.sh           everything that developing and the demo need
#   tools/setup.sh test      also what the tests need of the system
#   tools/setup.sh bench     also the peer that the benchmarks compare with
#   tools/setup.sh kernel    builds the compiled plant kernel anew, and fails if that fails
#
# PENLOOP_PYTHON names the Python to use.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=.venv/bin/python
KERNEL=simulator/pensim/plant/kernel.py
KERNEL_INPUTS=(setup.py "$KERNEL" "${KERNEL%.py}.pxd")
STAMPS=.venv/stamps
LOG=.venv/setup.log

# Commands that must be there, with the Debian package of each: "command:package".
# Tests open the viewer in chromium; the interplay of interrupt and main loop is checked by spin;
# recordings are opened with GTKWave's and sigrok's readers, and with the one for MCAP of npm.
SYSTEM_PACKAGES=(
    chromium:chromium spin:spin gcc:gcc vcd2fst:gtkwave sigrok-cli:sigrok-cli node:nodejs npm:npm
)
NODE_FOLDER=tests/mcap_reader
# One folder of MicroPython stubs a port: they would shadow the standard library of .venv.
STUBS=(rp2:micropython-rp2-rpi_pico-stubs esp32:micropython-esp32-esp32_generic-stubs)

say() { echo "setup: $*"; }
fail() {
    echo "setup: $*" >&2
    exit 1
}

# Whether a step has run on these inputs before: current NAME FILE...
current() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$(fingerprint "${@:2}")" ]; }
done_with() { fingerprint "${@:2}" >"$STAMPS/$1"; }
fingerprint() { cat "$@" 2>/dev/null | cksum; }

# Runs a command quietly; its output is shown when it fails.
quietly() {
    "$@" >"$LOG" 2>&1 && return
    cat "$LOG" >&2
    return 1
}

pip() { quietly "$PYTHON" -m pip --disable-pip-version-check -qq "$@"; }

find_python() {
    local name
    for name in ${PENLOOP_PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer found: install one, or name it in PENLOOP_PYTHON"
}

install_system_packages() {
    local pair missing=()
    for pair in ${SYSTEM_PACKAGES[@]+"${SYSTEM_PACKAGES[@]}"}; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "missing: ${missing[*]}; install them with the system's package manager"
    say "system packages ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}"
}

# A .venv names its own folder in its scripts: one that was copied or moved is made anew.
make_venv() {
    local base
    [ "$(cat $STAMPS/place 2>/dev/null)" = "$PWD" ] && $PYTHON -c '' 2>/dev/null && return
    base=$(find_python)
    say "virtual environment .venv with $("$base" --version)"
    "$base" -m venv --clear .venv >/dev/null 2>&1 ||
        fail "$base cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)"
    mkdir -p $STAMPS
    echo "$PWD" >$STAMPS/place
}

# The kernel is a step of its own, so that a change of it costs no pip run.
install_packages() {
    current packages pyproject.toml setup.py constraints.txt && return
    say "packages of constraints.txt into .venv (one to three minutes the first time)"
    pip install -c constraints.txt setuptools Cython &&
        PENLOOP_NO_COMPILE=1 pip install -c constraints.txt --no-build-isolation -e '.[dev]' ||
        fail "pip could not install penloop: see above; is the package index reachable?"
    done_with packages pyproject.toml setup.py constraints.txt
}

install_bench() {
    current bench pyproject.toml constraints.txt && return
    say "the benchmarks' peer into .venv"
    pip install -c constraints.txt "$($PYTHON - <<'EOF'
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"])
EOF
)" || fail "pip could not install the benchmarks' peer: see above"
    done_with bench pyproject.toml constraints.txt
}

install_stubs() {
    local pair port
    current stubs constraints.txt tools/setup.sh && [ -d .stubs ] && return
    say "MicroPython stubs into .stubs"
    rm -rf .stubs
    for pair in "${STUBS[@]}"; do
        port=${pair%%:*}
        pip install -c constraints.txt --target ".stubs/$port" "${pair##*:}" ||
            fail "pip could not install the stubs of $port: see above"
        ticks_are_ints ".stubs/$port/_mpy_shed/time_mp.pyi"
    done
    done_with stubs constraints.txt tools/setup.sh
}

# From the lock file, which names versions and no registry.
install_node_packages() {
    current node "$NODE_FOLDER/package-lock.json" && [ -d "$NODE_FOLDER/node_modules" ] && return
    say "npm packages into $NODE_FOLDER"
    quietly npm ci --prefix "$NODE_FOLDER" --no-audit --no-fund --ignore-scripts ||
        fail "npm could not install the packages of $NODE_FOLDER: see above"
    done_with node "$NODE_FOLDER/package-lock.json"
}

# The stubs' ticks are opaque classes, which no array('i') takes; on the boards they are ints.
ticks_are_ints() {
    sed -i.orig -e 's/^class \(_Ticks[A-Za-z]*\):/class \1(int):/' \
        -e 's/^_Ticks = TypeVar(.*)/_Ticks = TypeVar("_Ticks", _TicksMs, _TicksUs, _TicksCPU, int)/' "$1"
}

# Starts from nothing: setuptools would bring an older twin back out of its build folder.
build_kernel() {
    rm -rf build/kernel "${KERNEL%/*}"/_kernel_compiled.*
    $PYTHON setup.py -q build_ext --inplace --build-lib build/kernel/lib --build-temp build/kernel \
        >"$LOG" 2>&1 || true
    $PYTHON tools/kernel_twin.py >>"$LOG" 2>&1
}

kernel_is_built() {
    rm -f $STAMPS/no-kernel
    done_with kernel "${KERNEL_INPUTS[@]}"
    say "plant kernel compiled"
}

# Without a compiled kernel all works, slower.
ensure_kernel() {
    current kernel "${KERNEL_INPUTS[@]}" && $PYTHON tools/kernel_twin.py 2>/dev/null && return
    current no-kernel "${KERNEL_INPUTS[@]}" && return
    if ! command -v "${CC:-cc}" >/dev/null; then
        say "no C compiler: the plant runs as plain Python, slower (Debian: apt-get install gcc)"
    elif build_kernel; then
        kernel_is_built
    else
        say "the plant runs as plain Python, slower: it could not be compiled; make kernel tells why"
        done_with no-kernel "${KERNEL_INPUTS[@]}"
    fi
}

rebuild_kernel() {
    if ! build_kernel; then
        cat "$LOG" >&2
        fail "the plant kernel could not be compiled: see above"
    fi
    kernel_is_built
}

# What does not need .venv's packages, beside their installation.
begin_aside() {
    (
        LOG=.venv/setup-aside.log
        install_system_packages
        install_node_packages
    ) &
    aside=$!
}

await_aside() {
    local ended=0
    wait "$aside" || ended=$?
    aside=
    [ $ended = 0 ] || exit $ended
}

aside=
trap '[ -z "$aside" ] || kill "$aside" 2>/dev/null || true' EXIT
trap 'echo >&2; echo "setup: interrupted; run it again to go on" >&2; exit 130' INT

mkdir -p .venv
exec 9<.venv
if command -v flock >/dev/null && ! flock -n 9; then
    say "waiting for another setup of this folder"
    flock 9
fi
make_venv
[ "${1:-}" != test ] || begin_aside
install_packages
install_stubs
[ -z "$aside" ] || await_aside
case "${1:-}" in
    "" | test) ensure_kernel ;;
    bench)
        ensure_kernel
        install_bench
        ;;
    kernel) rebuild_kernel ;;
    *) fail "unknown: $1; say nothing, test, bench or kernel" ;;
esac
