
# Names of listings and SKUs of the job log, where the program expects one.
function __creativeai_ids
    set -l typed (commandline -opc)
    command $typed[1] completions "--ids="(commandline -ct) -- $typed[2..-1] 2>/dev/null
end
complete -c creativeai -n "__fish_creativeai_using_subcommand status" -l id -r -f -a '(__creativeai_ids)'
complete -c creativeai -n "__fish_creativeai_using_subcommand retry" -l id -r -f -a '(__creativeai_ids)'
complete -c creativeai -n "__fish_creativeai_using_subcommand report" -l public -r -f -a '(__creativeai_ids)'
complete -c creativeai -n "__fish_creativeai_using_subcommand resolve" -f -a '(__creativeai_ids)'
complete -c creativeai -n "__fish_creativeai_using_subcommand rename" -f -a '(__creativeai_ids)'
