# Prints C files as path:line:code, comments and the contents of strings and characters left out.
FNR == 1 { inside = 0 }
{
    line = $0
    code = ""
    while (line != "") {
        if (inside) {
            end = index(line, "*/")
            if (end == 0) {
                break
            }
            line = substr(line, end + 2)
            inside = 0
        } else if (match(line, /["']|\/\*|\/\//)) {
            code = code substr(line, 1, RSTART - 1)
            found = substr(line, RSTART, RLENGTH)
            line = substr(line, RSTART + RLENGTH)
            if (found == "//") {
                break
            } else if (found == "/*") {
                inside = 1
                code = code " "
            } else {
                # A backslash takes the next character with it.
                body = found == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : "^([^'\\\\]|\\\\.)*'"
                # An #include keeps its path, which other checks read.
                if (match(line, body)) {
                    if (code ~ /^ *# *include *$/) {
                        code = code found substr(line, 1, RLENGTH)
                    } else {
                        code = code found found
                    }
                    line = substr(line, RLENGTH + 1)
                } else {
                    line = ""
                }
            }
        } else {
            code = code line
            break
        }
    }
    print FILENAME ":" FNR ":" code
}
