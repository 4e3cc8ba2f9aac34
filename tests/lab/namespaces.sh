# shellcheck shell=bash
# Network namespaces for tests: made under names of this run, and taken away at its end, whatever
# ends it. For bash; a script includes it, calls lab_need and then lab_begin.
#
#   lab_need                    ends the script with 77 and the reason if this machine cannot
#   lab_begin                   from here on everything is taken away when the script ends
#   lab_namespace NAME...       makes namespaces; others are given their full name by lab_name
#   lab_name NAME               prints the full name, for `ip netns` and for our own programs
#   lab_in NAME COMMAND...      runs a command there and waits for it
#   lab_start NAME COMMAND...   starts a command there; its process is in $lab_pid
#   lab_stop PID...             ends processes that lab_start started
#   lab_cable A DEVICE B DEVICE joins two namespaces by a pair of Ethernet devices
#   lab_link A B OPTION...      joins two namespaces by an emulated link (tests/lab/README.md): the
#                               device `wire`, 198.51.100.1 and 2001:db8:51::1 in A, ...2 in B, and
#                               the default route; its process is in $lab_pid, its report is
#                               written to $lab_scratch/link-A-B when it ends
#   lab_clear                   takes everything away now
#
# $lab_scratch is a folder that goes away too. $lab_build is where the programs are.

lab_build=${CEPA_BUILD:-build/release}

lab_skip() {
    echo "$*"
    exit 77
}

lab_need() {
    [ "$(uname -s)" = Linux ] || lab_skip "network namespaces are Linux's"
    [ "$(id -u)" -eq 0 ] || lab_skip "network namespaces need root"
    command -v ip >/dev/null || lab_skip "missing: iproute2"
    [ -c /dev/net/tun ] || lab_skip "there is no /dev/net/tun"
    unshare -n true 2>/dev/null || lab_skip "network namespaces are not allowed here"
}

lab_begin() {
    lab_prefix=cepa-$BASHPID
    lab_namespaces=()
    lab_cables=()
    lab_pids=()
    lab_pid=
    lab_scratch=$(mktemp -d)
    trap lab_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

lab_name() {
    echo "$lab_prefix-$1"
}

lab_in() {
    local name=$1
    shift
    ip netns exec "$lab_prefix-$name" "$@"
}

lab_start() {
    local name=$1
    shift
    ip netns exec "$lab_prefix-$name" "$@" &
    lab_pid=$!
    lab_pids+=("$lab_pid")
}

lab_stop() {
    local pid
    kill "$@" 2>/dev/null
    for pid; do
        lab_wait "$pid" 3 || kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}

# True if the process ends within so many seconds.
lab_wait() { # PID SECONDS
    local tries
    for ((tries = $2 * 20; tries > 0; tries--)); do
        [ -e "/proc/$1" ] || return 0
        case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
        Z* | '') return 0 ;;
        esac
        sleep 0.05
    done
    return 1
}

lab_namespace() {
    local name
    for name; do
        ip netns add "$lab_prefix-$name" || return 1
        lab_namespaces+=("$lab_prefix-$name")
        ip -n "$lab_prefix-$name" link set lo up || return 1
    done
}

lab_cable() {
    ip link add "$2" netns "$lab_prefix-$1" type veth peer name "$4" netns "$lab_prefix-$3" ||
        return 1
    lab_cables+=("$lab_prefix-$1 $2")
    ip -n "$lab_prefix-$1" link set "$2" up && ip -n "$lab_prefix-$3" link set "$4" up
}

lab_link() {
    local a=$1 b=$2 name host tries
    shift 2
    host=0
    for name in "$a" "$b"; do
        host=$((host + 1))
        # The device's own queue must hold what comes between two looks of the emulator.
        ip -n "$lab_prefix-$name" tuntap add dev wire mode tun &&
            ip -n "$lab_prefix-$name" link set dev wire mtu 1500 txqueuelen 20000 up &&
            ip -n "$lab_prefix-$name" addr add 198.51.100.$host/24 dev wire &&
            ip -n "$lab_prefix-$name" addr add 2001:db8:51::$host/64 dev wire nodad &&
            ip -n "$lab_prefix-$name" route add default dev wire &&
            ip -n "$lab_prefix-$name" -6 route add default dev wire || return 1
        lab_cables+=("$lab_prefix-$name wire")
    done
    : >"$lab_scratch/link-$a-$b"
    "$lab_build/link_emulator" "$@" "$lab_prefix-$a:wire" "$lab_prefix-$b:wire" \
        >"$lab_scratch/link-$a-$b" &
    lab_pid=$!
    lab_pids+=("$lab_pid")
    for ((tries = 0; tries < 100; tries++)); do
        grep -q '^ready' "$lab_scratch/link-$a-$b" && return 0
        sleep 0.02
    done
    return 1
}

# Ends what was started and takes away what was made, so that a script can begin anew.
lab_clear() {
    local name cable pid
    if [ ${#lab_pids[@]} -gt 0 ]; then
        lab_stop "${lab_pids[@]}"
    fi
    for name in "${lab_namespaces[@]}"; do
        for pid in $(ip netns pids "$name" 2>/dev/null); do
            kill -KILL "$pid" 2>/dev/null
        done
    done
    # A namespace goes away some time after it was told to; what it holds is told before.
    for cable in "${lab_cables[@]}"; do
        ip -n "${cable% *}" link del "${cable#* }" 2>/dev/null
    done
    for name in "${lab_namespaces[@]}"; do
        ip netns del "$name"
    done
    lab_pids=() lab_cables=() lab_namespaces=()
}

lab_end() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    lab_clear
    rm -rf "$lab_scratch"
    exit "$status"
}
