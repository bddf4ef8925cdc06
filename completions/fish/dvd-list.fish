# fish completion for dvd-list(1)

complete -c dvd-list -n __fish_is_first_arg -f -a 'burnt verify verified shipped received lost mails' -d 'Step of a disc'
complete -c dvd-list -n 'not __fish_is_first_arg' -a '(dvd-list 2>/dev/null | cut -f1)' -d 'Disc'
complete -c dvd-list -s a -l archive -x -a '(__fish_complete_directories)' -d 'Folder of the archive'
complete -c dvd-list -l actor -x -d 'On whose behalf'
complete -c dvd-list -s j -l json -d 'Print one JSON object a line'
complete -c dvd-list -s c -l config -r -d 'Read this configuration file'
complete -c dvd-list -l log -r -a 'stderr syslog' -d 'Where messages go'
complete -c dvd-list -s q -l quiet -d 'Say errors only'
complete -c dvd-list -s v -l verbose -d 'Say every decision'
complete -c dvd-list -s h -l help -d 'Show the usage'
complete -c dvd-list -l version -d 'Show the version'
