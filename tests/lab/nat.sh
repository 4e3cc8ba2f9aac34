# shellcheck shell=bash
# Two private networks, each behind a NAT of a kind, and the public network between them. For bash;
# a script includes tests/lab/namespaces.sh first, and has called lab_begin.
#
#   lab_nat_need            ends the script with 77 and the reason if this machine cannot
#   lab_nat A-KIND B-KIND   makes the namespaces, with one side each behind a NAT of that kind:
#
#       a 10.0.1.2 --- na 10.0.1.1 | 203.0.113.1 ---+
#                                                   +--- net (a bridge) --- s 203.0.113.10 and .11
#       b 10.0.2.2 --- nb 10.0.2.1 | 203.0.113.2 ---+
#
#   lab_no_udp NAMESPACE    drops all UDP there
#
# The kinds, in the words of @[RFC4787 4.1] and @[RFC4787 5]:
#   full   mapping and filtering independent of the endpoint
#   addr   mapping independent, filtering by the other side's IP
#   port   mapping independent, filtering by its IP and port
#   sym    mapping and filtering by IP and port; each mapping has a port of its own

# shellcheck disable=SC2034  # for the scripts that include this
lab_nat_kinds='full addr port sym'

lab_nat_need() {
    lab_need
    command -v iptables >/dev/null || lab_skip "missing: iptables"
    unshare -n iptables -t nat -A POSTROUTING -j MASQUERADE 2>/dev/null ||
        lab_skip "iptables cannot translate addresses here"
    unshare -n iptables -A FORWARD -m recent --name o --rdest --set 2>/dev/null ||
        lab_skip "iptables has no module 'recent' here"
}

lab_no_udp() {
    lab_in "$1" iptables -A INPUT -p udp -j DROP && lab_in "$1" iptables -A OUTPUT -p udp -j DROP &&
        lab_in "$1" ip6tables -A INPUT -p udp -j DROP &&
        lab_in "$1" ip6tables -A OUTPUT -p udp -j DROP
}

lab_nat_rules() { # NAMESPACE KIND INSIDE-IP
    local rule=(lab_in "$1" iptables -w) random=
    [ "$2" = sym ] && random=--random-fully
    "${rule[@]}" -t nat -A POSTROUTING -o wan -p udp -j MASQUERADE $random &&
        "${rule[@]}" -t nat -A POSTROUTING -o wan -j MASQUERADE || return 1
    # What comes unasked must not make an entry: the inside could not use that port any more.
    "${rule[@]}" -A INPUT -i wan -p udp -j DROP || return 1
    case $2 in
    full | addr)
        "${rule[@]}" -t nat -A PREROUTING -i wan -p udp -j DNAT --to-destination "$3" || return 1
        ;;
    esac
    if [ "$2" = addr ]; then
        "${rule[@]}" -A FORWARD -i lan -p udp -m recent --name out --rdest --set &&
            "${rule[@]}" -A FORWARD -i wan -p udp -m recent --name out --rsource --rcheck \
                -j ACCEPT &&
            "${rule[@]}" -A FORWARD -i wan -p udp -j DROP || return 1
    fi
}

lab_nat() {
    local side number kind
    lab_namespace net s na nb a b || return 1
    ip -n "$(lab_name net)" link add bridge type bridge &&
        ip -n "$(lab_name net)" link set dev bridge up || return 1
    for side in s na nb; do
        lab_cable net "to-$side" "$side" wan &&
            ip -n "$(lab_name net)" link set dev "to-$side" master bridge || return 1
    done
    ip -n "$(lab_name s)" addr add 203.0.113.10/24 dev wan &&
        ip -n "$(lab_name s)" addr add 203.0.113.11/24 dev wan || return 1
    number=0
    for side in a b; do
        number=$((number + 1)) kind=$1
        shift
        lab_cable "n$side" lan "$side" eth0 &&
            ip -n "$(lab_name "n$side")" addr add 203.0.113.$number/24 dev wan &&
            ip -n "$(lab_name "n$side")" addr add 10.0.$number.1/24 dev lan &&
            ip -n "$(lab_name $side)" addr add 10.0.$number.2/24 dev eth0 &&
            ip -n "$(lab_name $side)" route add default via 10.0.$number.1 &&
            lab_in "n$side" sysctl -qw net.ipv4.ip_forward=1 &&
            lab_nat_rules "n$side" "$kind" 10.0.$number.2 || return 1
    done
}
