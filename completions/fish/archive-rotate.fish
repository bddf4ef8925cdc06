# fish completion for archive-rotate(1)

complete -c archive-rotate -f
complete -c archive-rotate -s a -l archive -r -F -d 'Folder of the archive'
complete -c archive-rotate -s n -l dry-run -d 'Say what would be done'
complete -c archive-rotate -l accept -d 'Take the offered disc'
complete -c archive-rotate -l refuse -d 'Do without the offered disc'
complete -c archive-rotate -l notice -d 'Print a mail about the offered disc'
complete -c archive-rotate -l seal -d 'Seal full journals and do nothing else'
complete -c archive-rotate -l all -d 'Seal journals that are not full, too'
complete -c archive-rotate -l actor -x -d 'On whose behalf'
complete -c archive-rotate -s j -l json -d 'Print the report as JSON'
complete -c archive-rotate -s c -l config -r -F -d 'Read this configuration file'
complete -c archive-rotate -l log -r -a 'stderr syslog' -d 'Where messages go'
complete -c archive-rotate -s q -l quiet -d 'Say errors only'
complete -c archive-rotate -s v -l verbose -d 'Say every decision'
complete -c archive-rotate -s h -l help -d 'Show the usage'
complete -c archive-rotate -l version -d 'Show the version'
