
# Names of listings and SKUs of the job log, where the program expects one.
_creativeai_or_id() {
    local -a ids
    ids=("${(@f)$("$words[1]" completions "--ids=$words[CURRENT]" -- "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
    ids=("${(@)ids:#}")
    if (( $#ids )); then
        compadd -a ids
    else
        _creativeai "$@"
    fi
}
compdef _creativeai_or_id creativeai
if [ "$funcstack[1]" = "_creativeai" ]; then
    _creativeai_or_id "$@"
fi
