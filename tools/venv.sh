# Sourced by ./toban and ./check: brings .venv up to date from the lock files.
# Needs a POSIX shell, Python 3 and, at the first start, the network; uses uv, and fetches it where it is missing.

fail() {
    printf '%s\nHINT: %s\n' "$1" "$2" >&2
    exit 2
}

bring_uv() {
    if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
        return
    fi
    if ! [ -x .boot/bin/uv ]; then
        command -v python3 >/dev/null 2>&1 ||
            fail "neither uv nor python3 is installed" "install Python 3.12 or newer, or uv"
        echo "fetching uv into .boot" >&2
        rm -rf .boot
        python3 -m venv .boot ||
            fail "python3 cannot make a virtual environment" "install uv, or on Debian: apt install python3-venv"
        .boot/bin/pip --quiet --disable-pip-version-check install --require-hashes -r requirements/uv.txt || {
            rm -rf .boot
            fail "uv could not be fetched" "check the network or the proxy settings, or install uv yourself"
        }
    fi
    PATH="$PWD/.boot/bin:$PATH"
}

# Where it is set, as many containers have it, each process would compile all of Toban anew: ten seconds and more.
unset PYTHONDONTWRITEBYTECODE

# Whatever changes what is installed: the locks, the build, the assets, the catalogues.
digest() {
    {
        cat requirements/*.txt pyproject.toml examples/webshop/*/pyproject.toml
        for file in hatch_build.py examples/webshop/*/build_catalogues.py package.json package-lock.json; do
            if [ -f "$file" ]; then cat "$file"; fi
        done
        find src examples -name '*.po' -exec cat {} +
    } | cksum
}

# prepare SET: install requirements/SET.txt, Toban itself and the demo's own package into .venv; nothing to do when
# nothing changed.
prepare() {
    stamp=.venv/.installed-$1
    digest=$(digest)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ]; then
        return
    fi
    bring_uv
    [ -x .venv/bin/python ] || uv venv --quiet --python '>=3.12' .venv ||
        fail "no Python 3.12 or newer was found, and none could be fetched" \
            "install one (Debian 13, Ubuntu 24.04: apt install python3), or let uv reach the network"
    echo "installing into .venv ($1)" >&2
    uv pip install --quiet --python .venv/bin/python --require-hashes -r "requirements/$1.txt" -r requirements/build.txt ||
        fail "the locked packages could not be installed" "check the network or the proxy settings, then run it again"
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation \
        --editable . --editable examples/webshop/invoices ||
        fail "Toban itself could not be built" "the message above says why; building needs the network once"
    printf '%s\n' "$digest" >"$stamp"
}
