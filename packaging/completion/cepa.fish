# Completion of cepa for fish.
complete -c cepa -f
complete -c cepa -n __fish_use_subcommand -a demo -d 'Send a file through packets and a circuit'
complete -c cepa -n __fish_use_subcommand -a version -d 'Print versions'
complete -c cepa -n __fish_use_subcommand -a help -d 'Explain the commands'
complete -c cepa -n __fish_use_subcommand -s V -l version -d 'Print versions'
complete -c cepa -s h -l help -d 'Explain'
complete -c cepa -n '__fish_seen_subcommand_from demo' -F
complete -c cepa -n '__fish_seen_subcommand_from demo version' -s j -l json -d 'Print JSON'
complete -c cepa -n '__fish_seen_subcommand_from help' -a 'demo version help'
