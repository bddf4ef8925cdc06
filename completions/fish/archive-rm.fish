# fish completion for archive-rm(1)

complete -c archive-rm -s a -l archive -x -a '(__fish_complete_directories)' -d 'Folder of the archive'
complete -c archive-rm -s r -l reason -x -d 'Why, for the event log'
complete -c archive-rm -l damaged -d 'Where damage hides which mail it is, all that it may be'
complete -c archive-rm -l actor -x -d 'On whose behalf, for the event log'
complete -c archive-rm -s c -l config -r -d 'Read this configuration file'
complete -c archive-rm -l log -r -a 'stderr syslog' -d 'Where messages go'
complete -c archive-rm -s q -l quiet -d 'Say errors only'
complete -c archive-rm -s v -l verbose -d 'Say every decision'
complete -c archive-rm -s h -l help -d 'Show the usage'
complete -c archive-rm -l version -d 'Show the version'
