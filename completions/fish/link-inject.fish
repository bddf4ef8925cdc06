# fish completion for link-inject(1)

complete -c link-inject -f
complete -c link-inject -l position -x -a 'head foot' -d 'Where the text goes'
complete -c link-inject -l template -r -F -d 'Template of the links in plain text'
complete -c link-inject -l html-template -r -F -d 'Template of the links in HTML'
complete -c link-inject -l lang -x -a 'en fr de es auto' -d 'Language of the built-in templates'
complete -c link-inject -l links -r -F -d 'Show these links instead of the stubs'
complete -c link-inject -l text -r -F -d 'Inject this text instead of links'
complete -c link-inject -l html -r -F -d 'HTML version of --text'
complete -c link-inject -l trust -x -a 'own any' -d 'Which stubs become links'
complete -c link-inject -l keep-stubs -d 'Leave the stubs in the mail'
complete -c link-inject -l on-error -x -a 'defer pass' -d 'What to do on failure'
complete -c link-inject -s c -l config -r -F -d 'Read this configuration file'
complete -c link-inject -l log -r -F -a 'stderr syslog' -d 'Where messages go'
complete -c link-inject -s q -l quiet -d 'Say errors only'
complete -c link-inject -s v -l verbose -d 'Say every decision'
complete -c link-inject -s h -l help -d 'Show the usage'
complete -c link-inject -l version -d 'Show the version'
