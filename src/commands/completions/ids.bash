
# Names of listings and SKUs of the job log, where the program expects one.
_creativeai_or_id() {
    local id
    local -a ids=()
    while IFS= read -r id; do
        ids+=("$(printf '%q' "$id")")
    done < <("${COMP_WORDS[0]}" completions "--ids=${COMP_WORDS[COMP_CWORD]}" -- \
        "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
    if ((${#ids[@]})); then
        COMPREPLY=("${ids[@]}")
    else
        _creativeai "$@"
    fi
}
complete -F _creativeai_or_id -o bashdefault -o default creativeai
