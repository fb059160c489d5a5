"""What runs on a host: a POSIX script for each act. It is given its values as arguments, never as text.

A script writes its answers, a line each, to descriptor 3; all else goes to the standard error. The last
answer is `end` and its status, so nobody waits for what a command left in the background. Needs tar,
sha256sum and `mv -T` (GNU's or BusyBox's). Pure.
"""

from collections.abc import Sequence
from enum import IntEnum


class Fault(IntEnum):
    """Why a script ended early: its exit status."""

    FOLDER = 40
    """The folder can't be entered, made or written."""
    RECEIVE = 41
    DIGEST = 42
    """What arrived is not what was sent."""
    UNPACK = 43
    SHARED = 44
    """A shared file is missing."""
    OCCUPIED = 45
    """Something else has the folder of this version."""
    NOT_INSTALLED = 46
    SUPERSEDED = 47
    """Another switch has begun since."""
    COMMAND = 48
    """The user's own command failed."""
    NO_LINK = 49
    """`current` is no link."""
    CHANGED = 50
    """`current` leads elsewhere: somebody has changed it."""


LINK = "current"
VERSION_FILE = ".toban-release"
"""In a version's folder: digest, name and commit, a line each."""

_BEGIN = """
exec 3>&1 1>&2
made=
trap 'status=$?; [ -z "$made" ] || rm -rf "$made" "$made.tar"; echo "end $status" >&3' EXIT
trap 'exit 1' HUP INT TERM
holds() { read -r found <"releases/$1/.toban-release" && [ "$found" = "$2" ]; } 2>/dev/null
points() { ln -sfn -- "$1" ".current.$$" && mv -T ".current.$$" current || exit 41; }
began() { read -r aim held former <.toban-switch; } 2>/dev/null
ours() { began && [ "$aim $held" = "$target $token" ] || exit 47; }
told() {
    { read -r RELEASE_DIGEST; read -r RELEASE_VERSION; read -r RELEASE_COMMIT; } 2>/dev/null <.toban-release
    export RELEASE_DIGEST RELEASE_VERSION RELEASE_COMMIT
}
does() {
    cd current/. || exit 46
    told
    [ $# = 0 ] || "$@" 3>&- || { echo "status $?" >&3; exit 48; }
    cd "$base" || exit 40
}
enter() { cd -- "$1" && base=$(pwd -P) || exit 40; }
"""

_INSTALL = """
mkdir -p -- "$1/releases" "$1/shared" || exit 40
enter "$1"; name=$2 digest=$3 label=$4 commit=$5; shift 5
if holds "$name" "$digest"; then echo have >&3; exit 0; fi
[ ! -e "releases/$name" ] || exit 45
for each do
    case $each in
        */) mkdir -p "shared/$each" || exit 40 ;;
        *) [ -e "shared/$each" ] || { echo "missing $base/shared/$each" >&3; exit 44; } ;;
    esac
done
rm -rf releases/.incoming-*
made=releases/.incoming-$name.$$
mkdir "$made" || exit 40
echo want >&3
LC_ALL=C cat >"$made.tar" || exit 41
[ "$(sha256sum <"$made.tar" | cut -c 1-64)" = "$digest" ] || exit 42
LC_ALL=C tar -xof "$made.tar" -C "$made" || exit 43
rm -f "$made.tar"
for each do
    each=${each%/}
    mkdir -p "$(dirname "$made/$each")" && above=$(cd "$(dirname "$made/$each")" && pwd -P) || exit 43
    # A link in the archive must not lead what is removed out of the version.
    case $above/ in "$base/$made/"*) ;; *) echo "$each: $above" && exit 43 ;; esac
    rm -rf "$made/$each" && ln -s "$base/shared/$each" "$made/$each" || exit 43
done
rm -rf "$made/.toban-release"
printf '%s\\n%s\\n%s\\n' "$digest" "$label" "$commit" >"$made/.toban-release" || exit 41
sync -f "$made" 2>/dev/null || sync
mv -T "$made" "releases/$name" || holds "$name" "$digest" || exit 43
"""

_PREPARE = """
enter "$1"; name=$2 digest=$3 token=$4 target=releases/$2 again=
holds "$name" "$digest" || exit 46
[ -L current ] || [ ! -e current ] || exit 49
now=$(readlink current)
[ "$now" != "$target" ] || again=again
if began; then
    # An attempt was cut off. What it had linked, or put back, may not have been restarted yet.
    [ "$now" = "$target" ] && [ "$aim" = "$target" ] || former=$now
elif [ "$now" = "$target" ]; then
    echo serves >&3
    exit 0
else
    former=$now
fi
printf '%s %s %s\\n' "$target" "$token" "$former" >".toban-switch.$$" &&
    mv -T ".toban-switch.$$" .toban-switch || exit 41
[ -z "$again" ] || echo again >&3
echo "ready $former" >&3
"""

_MIGRATE = """
enter "$1"; name=$2; shift 2
cd "releases/$name" || exit 46
told
"$@" 3>&- || { echo "status $?" >&3; exit 48; }
"""

_SWITCH = """
enter "$1"; token=$3 target=releases/$2; shift 3
ours
[ "$(readlink current)" = "$target" ] || points "$target"
does "$@"
"""

_PUT_BACK = """
enter "$1"; token=$3 target=releases/$2; shift 3
began || exit 0
ours
if [ "$(readlink current)" = "$target" ]; then
    if [ -z "$former" ]; then
        rm -f current
    else
        [ "$former" = "$target" ] || points "$former"
        does "$@"
    fi
fi
rm -f .toban-switch
"""

_FINISH = """
enter "$1"; token=$3 target=releases/$2
[ "$(readlink current)" = "$target" ] || exit 50
ours
rm -f .toban-switch .toban-switch.* .current.*
"""

_LIST = """
[ -d "$1" ] || exit 0
enter "$1"
for each in releases/*/.toban-release; do
    [ ! -f "$each" ] || { read -r digest <"$each" && echo "has $digest" >&3; }
done
[ ! -f current/.toban-release ] || [ ! -L current ] ||
    { read -r digest <current/.toban-release && echo "serves $digest" >&3; }
"""

_PRUNE = """
[ -d "$1" ] || exit 0
enter "$1"; shift
served=$(cd current/. 2>/dev/null && pwd -P)
began || aim= former=
for each in releases/*; do
    [ -d "$each" ] && [ ! -L "$each" ] && [ -f "$each/.toban-release" ] || continue
    [ "$base/$each" != "$served" ] && [ "$each" != "$aim" ] && [ "$each" != "$former" ] || continue
    read -r digest <"$each/.toban-release"
    for kept do [ "$digest" != "$kept" ] || continue 2; done
    mv -T "$each" "releases/.outgoing-${each##*/}.$$" || exit 41
done
chmod -R u+w releases/.outgoing-* 2>/dev/null
rm -rf releases/.incoming-* releases/.outgoing-* || exit 41
"""

_LOOK = """
for each in tar sha256sum readlink; do command -v "$each" >/dev/null || echo "lacks $each" >&3; done
for each in ${2:+"$2"} ${3:+"$3"}; do
    # A relative one is in the version.
    case $each in
        /*) [ -x "$each" ] ;;
        */*) ;;
        *) command -v "$each" >/dev/null ;;
    esac || echo "lacks $each" >&3
done
base=$1
while [ ! -e "$base" ]; do
    case $base in */*) base=${base%/*}; base=${base:-/} ;; *) base=. ;; esac
done
for each in "$base" "$1/releases" "$1/shared"; do
    [ ! -e "$each" ] || { [ -d "$each" ] && [ -w "$each" ] && [ -x "$each" ]; } || echo "closed $each" >&3
done
[ -L "$1/current" ] || [ ! -e "$1/current" ] || echo "no-link $1/current" >&3
LC_ALL=C df -Pk -- "$base" | { read -r _; read -r _ _ _ free _; echo "free $free" >&3; }
[ ! -f "$1/current/.toban-release" ] || echo serves >&3
"""

type Arguments = tuple[str, ...]


def install(path: str, name: str, version: Sequence[str], shared: Sequence[str]) -> Arguments:
    """Bring a version beside the others: asks for the archive with `want`, or says `have`.

    *version* is digest, name and commit. A version that is cut off half-way never has its own name.
    """
    return _script(_INSTALL, path, name, *version, *shared)


def prepare(path: str, name: str, digest: str, token: str) -> Arguments:
    """Write down what is about to be switched: `serves` if it serves already, otherwise `ready FORMER`.

    Only the attempt that wrote last, known by its *token*, may switch: one that was given up can't come late.
    """
    return _script(_PREPARE, path, name, digest, token)


def migrate(path: str, name: str, command: Sequence[str]) -> Arguments:
    """Run *command* in the version's folder."""
    return _script(_MIGRATE, path, name, *command)


def switch(path: str, name: str, token: str, restart: Sequence[str]) -> Arguments:
    """Lead the link to the version, in one moment, and run *restart*."""
    return _script(_SWITCH, path, name, token, *restart)


def put_back(path: str, name: str, token: str, restart: Sequence[str]) -> Arguments:
    """Lead the link to what it led to before, and run *restart* if it had been led away."""
    return _script(_PUT_BACK, path, name, token, *restart)


def finish(path: str, name: str, token: str) -> Arguments:
    """Check the link, and forget what was before."""
    return _script(_FINISH, path, name, token)


def list_versions(path: str) -> Arguments:
    """Say `has DIGEST` of each installed version, and `serves DIGEST`."""
    return _script(_LIST, path)


def prune(path: str, keep: Sequence[str]) -> Arguments:
    """Remove all versions but those with the digests *keep* and what serves, and what was left unfinished."""
    return _script(_PRUNE, path, *keep)


def look(path: str, programs: Sequence[str]) -> Arguments:
    """Say what is missing or closed, and how many KiB are free; changes nothing."""
    return _script(_LOOK, path, *programs)


def _script(body: str, *values: str) -> Arguments:
    return ("sh", "-c", _BEGIN + body, "sh", *values)
