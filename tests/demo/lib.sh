# shellcheck shell=bash
# A network of daemons for the tests of commands; sourced with the program in $cepa, the number of
# nodes in $nodes and the test's time in seconds in $limit.
: "${cepa:?}" "${nodes:?}" "${limit:?}"
scratch=$(mktemp -d)
started=()
daemons=() # by the number of their node
failed=0
end() {
    [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null
    wait
    rm -rf "$scratch"
}
trap end EXIT
cd "$scratch" || exit 1
export HOME=$scratch CEPA_CONFIG=$scratch/cepa.conf
unset XDG_STATE_HOME XDG_CONFIG_HOME NOTIFY_SOCKET
touch "$CEPA_CONFIG"
link_port=$((20000 + $$ % 10000))

fail() {
    echo "  FAILED  $*"
    failed=$((failed + 1))
}

ok() {
    echo "  ok      $*"
}

# Says whether a command succeeds.
check() { # WHAT, COMMAND, ARGUMENT...
    local what=$1
    shift
    if "$@"; then ok "$what"; else fail "$what"; fi
}

on() { # NODE, ARGUMENT...: a command beside one of the nodes
    local node=$1 command=$2
    shift 2
    "$cepa" "$command" --state-directory "$scratch/$node" "$@"
}

# Starts a command that stays, with its output in files.
serve() { # NODE, NAME OF THE FILES, COMMAND, ARGUMENT...
    local node=$1 name=$2 command=$3
    shift 3
    "$cepa" "$command" --state-directory "$scratch/$node" "$@" >"$name" 2>"$name-errors" &
    started+=($!)
}

# Waits till a command succeeds, for the test's time in all.
eventually() { # COMMAND, ARGUMENT...
    until "$@"; do
        [ $SECONDS -lt "$limit" ] || { fail "in $limit s never: $*" && exit 1; }
        sleep 0.2
    done
}

start_node() { # NUMBER [OPTION...]
    local number=$1
    shift
    "$cepa" up --profile test --listen "127.$((number + 1)).0.1" --port $link_port --role relay \
        --state-directory "$scratch/$number" "$@" >>"$scratch/$number.log" 2>&1 \
        8>&- 9>&- & # not what a test has open
    started+=($!)
    daemons[number]=$!
}

# Kills a daemon and starts it again.
restart_node() { # NUMBER, SIGNAL
    kill "-$2" "${daemons[$1]}" 2>/dev/null
    wait "${daemons[$1]}" 2>/dev/null
    start_node "$1" --invitation "$invitation"
}

invited() {
    invitation=$(on 0 invite 2>/dev/null)
}

# Starts all of them.
start_network() {
    start_node 0
    eventually invited
    for ((i = 1; i < nodes; i++)); do
        start_node $i --invitation "$invitation"
    done
}
