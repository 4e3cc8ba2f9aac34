# shellcheck shell=bash
# What the tests of the command share; sourced with the program in $cepa.
: "${cepa:?}"
scratch=$(mktemp -d)
failed=0

fail() {
    echo "FAILED $*"
    failed=$((failed + 1))
}

# Wants an exit status, and a pattern on standard output and on standard error ('' is silence).
want() { # STATUS, OUTPUT, ERRORS, ARGUMENT...
    local status=$1 on_output=$2 on_errors=$3 output errors got
    shift 3
    output=$(timeout 20 "$cepa" "$@" 2>"$scratch/errors")
    got=$?
    errors=$(cat "$scratch/errors")
    if [ $got -ne "$status" ] || ! matches "$output" "$on_output" ||
        ! matches "$errors" "$on_errors"; then
        fail "cepa $*: exit status $got (want $status)"
        echo "  output: $output"
        echo "  errors: $errors"
    fi
}

matches() { # TEXT, PATTERN
    if [ -z "$2" ]; then [ -z "$1" ]; else grep -qE -- "$2" <<<"$1"; fi
}
