# Completion of cepa for bash.
_cepa()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} options='' words=''
    local commands='up invite join status ping speed send chat inbox proxy expose id contacts
        demo version help'
    local node='--json --config --state-directory --control --help'
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
        return
    fi
    case $before in
    --profile) words='main test' ;;
    --role) words='auto relay client' ;;
    --shaper) words='off stepped poisson constant' ;;
    --log-level) words='error warning info debug' ;;
    --inbox-accept) words='contacts anyone nobody' ;;
    --log-format) words='text json' ;;
    --metrics) [ "$command" = up ] && words='off socket' ;;
    --metered | --dashboard | --port-mapping | --lan-discovery) words='on off' ;;
    --config | --state-directory | --control | --passphrase-file) words='*' ;;
    id) [ "$COMP_CWORD" -eq 2 ] &&
        words='show list new default rename delete backup restore card node' ;;
    contacts) [ "$COMP_CWORD" -eq 2 ] && words='list add remove rename block unblock card' ;;
    inbox) [ "$COMP_CWORD" -eq 2 ] && words='list show accept refuse save delete' ;;
    backup | restore | add | send) words='*' ;;
    esac
    case $command in
    up) options='--daemon --config --profile --state-directory --listen --port --role --shaper
        --budget-rate --budget-day --metered --neighbours --log-level --log-format --control
        --dashboard --dashboard-port --metrics --port-mapping --lan-discovery
        --inbox-accept --inbox-quota --invitation --help' ;;
    invite) options="--qr $node" ;;
    join) options="--wait $node" ;;
    status) options="--watch --metrics $node" ;;
    ping) options="--count --hops $node" ;;
    speed) options="--megabytes --download --hops $node" ;;
    send) options="--as --message --name --timeout --bare --live $node" ;;
    chat) options="--as --take --timeout $node" ;;
    proxy) options="--port --as $node" ;;
    inbox) options="$node" ;;
    expose) options="--name --identity --contacts $node" ;;
    id) options="--qr --yes --name --passphrase-file --passphrase-fd $node" ;;
    contacts) options="--qr --note --name $node" ;;
    demo) options='--json --nodes --circuits --megabytes --help' ;;
    version) options='--json --help' ;;
    help) options='--help' ;;
    esac
    if [ -n "$words" ] && [ "$words" != '*' ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    elif [ "$words" = '*' ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [ "${word:0:1}" = - ]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [ "$command" = help ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    fi
}
complete -F _cepa cepa
