#!/bin/sh
# Installs the system packages that libckpt is built and tested with, where apt is the package
# manager. Says what it installs; asks dpkg first and does nothing where all is there.
#
#   sh tools/install-packages.sh GROUP...        groups: build, tests
#
# CKPT_NO_INSTALL=1 goes on with whatever the machine has.
set -eu

packages_of() {
    case $1 in
    build) echo gcc libc6-dev meson ninja-build pkg-config zlib1g-dev libyaml-dev libxxhash-dev \
                nettle-dev libopenblas-dev ;;
    tests) echo g++ clang libclang-rt-14-dev check mandoc valgrind python3 python3-venv \
                ca-certificates ;;
    *) echo "install-packages.sh: no group of packages is named '$1'" >&2; exit 2 ;;
    esac
}

is_installed() {
    test "$(dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | head -n 1)" = installed
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "Not root, and there is no sudo. Install as root: $missing" >&2
        exit 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

wanted=
for group in "$@"; do
    packages=$(packages_of "$group")
    wanted="$wanted $packages"
done
wanted=${wanted# }

[ -z "${CKPT_NO_INSTALL:-}" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    cat >&2 <<END
This script installs packages with apt, which this machine does not have.
Install what corresponds to these Debian packages:
    $wanted
then run the same command again with CKPT_NO_INSTALL=1 before it.
END
    exit 1
fi

missing=
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
missing=${missing# }
[ -n "$missing" ] || exit 0

echo "Installing system packages: $missing"
apt update || echo "The package lists could not be brought up to date; trying with those at hand." >&2
# The words of $missing are the arguments.
# shellcheck disable=SC2086
if ! apt install -y --no-install-recommends $missing >/dev/null; then
    echo "apt could not install: $missing" >&2
    exit 1
fi
