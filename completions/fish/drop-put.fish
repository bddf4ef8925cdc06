# fish completion for drop-put(1)

complete -c drop-put -f
complete -c drop-put -s n -l name -x -d 'Name of the file for those who load it'
complete -c drop-put -s s -l store -x -a 'dir: webdav+https:// s3:// recipe:wesend recipe:transfer-sh recipe:nextcloud' -d 'Where the file goes'
complete -c drop-put -s t -l type -x -d 'Media type of the file'
complete -c drop-put -s e -l expire -x -a '1d 7d 30d 60d' -d 'Life of the link'
complete -c drop-put -s k -l key -x -d 'Equal keys give the same link again'
complete -c drop-put -l sha256 -x -d 'Digest of the bytes'
complete -c drop-put -s b -l base-url -x -d 'Where the store is published'
complete -c drop-put -s j -l json -d 'Print an object instead of the link'
complete -c drop-put -l send -d 'Hand a whole mail to a recipe'
complete -c drop-put -s c -l config -r -F -d 'Read this configuration file'
complete -c drop-put -l log -r -F -a 'stderr syslog' -d 'Where messages go'
complete -c drop-put -s q -l quiet -d 'Say errors only'
complete -c drop-put -s v -l verbose -d 'Say every decision'
complete -c drop-put -s h -l help -d 'Show the usage'
complete -c drop-put -l version -d 'Show the version'
