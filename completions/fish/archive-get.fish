# fish completion for archive-get(1)

complete -c archive-get -f
complete -c archive-get -s a -l archive -r -F -d 'Folder of the archive'
complete -c archive-get -s m -l mbox -d 'Print the mails as an mbox'
complete -c archive-get -s M -l maildir -r -F -d 'Deliver the mails into a Maildir'
complete -c archive-get -s d -l details -d 'Print what is known of the mails'
complete -c archive-get -s e -l envelope -d 'Print sender and recipients'
complete -c archive-get -s j -l json -d 'With --details: one JSON object a line'
complete -c archive-get -l actor -x -d 'On whose behalf'
complete -c archive-get -s c -l config -r -F -d 'Read this configuration file'
complete -c archive-get -l log -r -a 'stderr syslog' -d 'Where messages go'
complete -c archive-get -s q -l quiet -d 'Say errors only'
complete -c archive-get -s v -l verbose -d 'Say every decision'
complete -c archive-get -s h -l help -d 'Show the usage'
complete -c archive-get -l version -d 'Show the version'
