#!/bin/sh
# mime-size beside reformime -i, and beside wc -l, which only reads.
. "${0%/*}/perf-lib.sh"

big_mail big.eml
title "mime-size: a $(($(wc -c <big.eml) / 1000000)) MB mail of four base64 parts"
set -- mime-size mime-size big.eml :: 'wc -l' wc -l big.eml
missing reformime || set -- "$@" :: 'reformime -i' sh -c 'exec reformime -i <big.eml'
measure -n 11 "$@"

small_mail small.eml
echo 'int main(void) { return 0; }' >empty.c
${CC:-cc} -O2 -o empty empty.c || exit 1
title "mime-size: a mail of $(wc -c <small.eml) bytes"
set -- mime-size mime-size small.eml :: 'an empty C program' ./empty
missing reformime || set -- "$@" :: 'reformime -i' reformime -i
measure -n 201 -i small.eml "$@"
