# Completion of cepa for bash.
_cepa()
{
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'demo version help --help --version' -- "$word")
        return
    fi
    case $command:$word in
    demo:-* | version:-*) mapfile -t COMPREPLY < <(compgen -W '--json --help' -- "$word") ;;
    help:-*) mapfile -t COMPREPLY < <(compgen -W '--help' -- "$word") ;;
    help:*) mapfile -t COMPREPLY < <(compgen -W 'demo version help' -- "$word") ;;
    demo:*)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    esac
}
complete -F _cepa cepa
