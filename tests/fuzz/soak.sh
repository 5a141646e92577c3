#!/bin/sh
# Runs the fuzz targets for long, under libFuzzer with the address and undefined-behaviour
# sanitizers.
#
#   sh tests/fuzz/soak.sh [--plain] [--runs N] [--work DIRECTORY] [TARGET...]
#
# Each target is run N times (10000000 unless said otherwise), starting from the inputs that the
# repository keeps and those that earlier runs found, which stay in DIRECTORY (build-soak unless said
# otherwise). Without targets: all in tests/fuzz/targets. What was done is appended to
# DIRECTORY/soak.log.
#
# --plain leaves the address sanitizer out, which makes most targets three times as fast. Undefined
# behaviour still ends the program, and so do blocks that are written over their end or not given
# back, but a read outside of a block may pass: use it for more runs of what has run with the
# sanitizer.
#
# The exit status is 1 if something was found. The input that breaks a target is in
# DIRECTORY/findings; cut it down with
#
#   DIRECTORY/asan/tests/fuzz/fuzz_TARGET -minimize_crash=1 -runs=100000 INPUT
#
# and keep it, under a telling name, in tests/fuzz/corpus/TARGET, which the suite replays.
set -eu
cd "$(dirname "$0")/../.."

usage() {
    sed -n 's/^# \{0,1\}//; 2,23p' "$0" >&2
    exit 2
}

runs=10000000
work=build-soak
kind=asan
plain=false
while [ $# -gt 0 ]; do
    case $1 in
    --runs) [ $# -gt 1 ] || usage; runs=$2; shift 2 ;;
    --plain) plain=true; kind=plain; shift ;;
    --work) [ $# -gt 1 ] || usage; work=$2; shift 2 ;;
    -*) usage ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || set -- $(sed '/^#/d; s/ .*//' tests/fuzz/targets)

# Debian's own programs where they are.
meson=meson
[ ! -x /usr/bin/meson ] || meson=/usr/bin/meson
clang=clang
[ ! -x /usr/bin/clang-14 ] || clang=/usr/bin/clang-14

mkdir -p "$work/findings"
log=$work/soak.log
if [ ! -f "$work/$kind/build.ninja" ]; then
    CC=$clang "$meson" setup "$work/$kind" -Dfuzz=true -Dfuzz_plain=$plain -Dbuildtype=debugoptimized \
        -Db_lundef=false -Dblas=disabled -Dtools=false -Ddefault_library=static >"$work/setup.log"
fi

# Freed memory is held back less long than usual, and pages are not given back: twice as fast.
ASAN_OPTIONS=quarantine_size_mb=16:allocator_release_to_os_interval_ms=-1
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

number_of_runs() {
    sed -n 's/^stat::number_of_executed_units: *//p' "$1" | tail -n 1
}

found=0
for target in "$@"; do
    line=$(grep "^$target " tests/fuzz/targets) || { echo "no target is named $target" >&2; exit 2; }
    ninja -C "$work/$kind" "tests/fuzz/fuzz_$target" >"$work/$target.build.log" || {
        tail -n 20 "$work/$target.build.log" >&2
        exit 1
    }
    # NAME LENGTH INPUTS...
    set -- $line
    length=$2
    shift 2
    mkdir -p "$work/corpus/$target"
    options=
    [ ! -f "tests/fuzz/$target.dict" ] || options=-dict=tests/fuzz/$target.dict
    begin=$(date +%s)
    status=0
    # The words of $options are arguments.
    # shellcheck disable=SC2086
    "$work/$kind/tests/fuzz/fuzz_$target" -runs="$runs" -max_len="$length" -print_final_stats=1 \
        -timeout=30 -artifact_prefix="$work/findings/$target-" $options "$work/corpus/$target" "$@" \
        >"$work/$target.log" 2>&1 || status=$?
    end=$(date +%s)
    result="$(date -u +%FT%TZ) $target: $(number_of_runs "$work/$target.log") executions in $((end - begin)) s, $kind"
    if [ $status -ne 0 ]; then
        found=1
        result="$result; FOUND something, see $work/$target.log"
    fi
    echo "$result" | tee -a "$log"
done
exit $found
