# fish completion for archive-check(1)

complete -c archive-check -s a -l archive -x -a '(__fish_complete_directories)' -d 'Folder of the archive'
complete -c archive-check -s s -l sample -x -a '1 10 50' -d 'Look into so many in a hundred'
complete -c archive-check -s R -l rebuild -d 'Clear up and make the index again first'
complete -c archive-check -s j -l json -d 'Print one JSON object a line'
complete -c archive-check -s c -l config -r -d 'Read this configuration file'
complete -c archive-check -l log -r -a 'stderr syslog' -d 'Where messages go'
complete -c archive-check -s q -l quiet -d 'Say errors only'
complete -c archive-check -s v -l verbose -d 'Say every decision'
complete -c archive-check -s h -l help -d 'Show the usage'
complete -c archive-check -l version -d 'Show the version'
