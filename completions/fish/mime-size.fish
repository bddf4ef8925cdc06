# fish completion for mime-size(1)

complete -c mime-size -s j -l json -d 'Print one JSON object a line'
complete -c mime-size -s t -l total -d 'Print the last line only'
complete -c mime-size -s a -l attachments -d 'Print the decoded weight of the attachments'
complete -c mime-size -s e -l encoded -d 'Print the length of the whole message'
complete -c mime-size -s o -l over -x -a '1M 5M 10M 25M' -d 'Exit 0 when the attachments weigh more'
complete -c mime-size -s c -l config -r -F -d 'Read this configuration file'
complete -c mime-size -l log -r -F -a 'stderr syslog' -d 'Where messages go'
complete -c mime-size -s q -l quiet -d 'Say errors only'
complete -c mime-size -s v -l verbose -d 'Say every decision'
complete -c mime-size -s h -l help -d 'Show the usage'
complete -c mime-size -l version -d 'Show the version'
