#!/bin/bash
# Logs are rotated, and not a line is lost: not by a rotation, nor when
# reconciled is killed in between.
. "$(dirname "$0")/story.sh"
begin "$@"
export TRIPOD_RECONCILED_CONF='log max size 8K
log max files 20'
up

pod chatty 1 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); echo line $i; usleep 5000; done' |
    put chatty.yaml
await 20 running chatty-node1
folder=$(echo "$TRIPOD_LOGS/pods/default_chatty-node1_"*/main)
rotations()
{
	[ "$(find "$folder" -name '0.log.*' | wc -l)" -ge "$1" ]
}
await 30 rotations 1
crash reconciled
await 30 rotations 2
# What a crash between the two steps leaves: the runtime has the old file.
mv "$folder/0.log" "$folder/0.log.20200101-000000"
await 20 test -s "$folder/0.log"
# Named as a kubelet does; the link has the one being written.
find "$folder" -name '0.log.*' | while read -r file; do
	[[ $file =~ /0\.log\.[0-9]{8}-[0-9]{6}$ ]] || fail "name: $file"
done
[ "$(realpath "$TRIPOD_LOGS/containers/chatty-node1_default_main-"*)" = \
    "$(realpath "$folder/0.log")" ]
ctl logs chatty-node1 | tail -n 1 | grep -q '^line'

kill -STOP "$(pid_of chatty-node1)"
cat "$folder"/0.log* | sed -n 's/.* stdout F line //p' | sort -n |
    awk '$1 != NR { print "after " NR - 1 " comes " $1; exit 1 }'

rm "$TRIPOD_MANIFESTS/chatty.yaml"
await 20 absent chatty-node1
[ -z "$(ls "$TRIPOD_LOGS/pods")" ]
