# Shared by the checks: what the tree contains, and how a check ends.
# shellcheck shell=bash

core_rooms="base crypto wire link onion mesh path identity rendezvous service session node end
    application"

# Lists the files below the given folders (those that exist) whose names match a pattern; never what
# a build or a package manager put there.
files() { # PATTERN FOLDER...
    local pattern=$1 folder
    shift
    for folder; do
        [ -e "$folder" ] || continue
        find "$folder" \( -name build -o -name node_modules -o -name .git \) -prune -o \
            -type f -name "$pattern" -print
    done | sed 's,^\./,,' | sort
}

# Lists the C files that are ours.
c_files() {
    files '*.[ch]' src include sim tests fuzz bench examples
}

# Lists the C files of the core.
core_files() {
    local room
    for room in $core_rooms; do
        files '*.[ch]' "src/$room"
    done
}

# Prints C files as path:line:code, with comments and the contents of strings left out.
code_of() {
    [ $# -eq 0 ] || awk -f tools/check.d/code.awk "$@"
}

skip() {
    echo "$*"
    exit 77
}

# Ends a check: breaches were found if anything was written to the file.
finish() { # FILE
    cat "$1"
    [ ! -s "$1" ]
}
