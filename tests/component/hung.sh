#!/bin/bash
# File systems that do not answer, behind host paths, sub-paths and manifests:
# who needs them waits, nobody else does.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
[ -c /dev/fuse ] || { echo 'cannot run on this machine: no /dev/fuse'; exit 77; }

# serve FOLDER TARGET: its process, in $fuse.
serve()
{
	python3 -B "$here/hungfs.py" "$1" "$2" &
	fuse=$!
	await 10 mountpoint -q "$2"
}
# Requests wait to be taken, and end with who asked.
hang() { kill -STOP "$fuse"; }
# They are taken and kept, so that who asked cannot even be ended.
keep() { kill -USR1 "$fuse"; }
answer() { kill -CONT "$fuse"; kill -USR2 "$fuse"; }

# uses NAME TYPE SUB-PATH: a pod of the folder "data" in there.
uses()
{
	pod "$1"
	cat <<EOT
    volumeMounts: [{name: data, mountPath: /data, subPath: $3}]
  volumes: [{name: data, hostPath: {path: $hung/data, type: $2}}]
EOT
}
says() { ctl status ${1:+"$1"} 2>/dev/null | grep -q "$2"; }
event() { ctl events "$1" 2>/dev/null | grep -q "$2"; }
# Nothing waits for it any more, be it the removal of what it shows.
undo()
{
	kill -9 "$fuse" 2>/dev/null || :
	umount -l "$hung" "$STORY/rig/manifests" 2>/dev/null || :
}
# soon COMMAND...: sooner than anybody who waits is told to give up.
soon() { await 4 "$@"; }
answers()
{
	timeout 1 "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" status >/dev/null
}

mkdir "$STORY/real" "$STORY/hung"
hung=$STORY/hung
serve "$STORY/real" "$hung"
up
pod keep | put keep.yaml
await 20 running keep-node1
reconciled=$(daemon_pid reconciled)
began=$(container_id keep-node1)

# A host path: its folder cannot be made now.
hang
uses a DirectoryOrCreate x | put a.yaml
stays 1 answers
pod b | put b.yaml
soon running b-node1
await 10 says a 'data: the file system does not answer'
await 10 event a 'FailedMount.*data: the file system does not answer'
# It can be removed, be it while it is tried again.
rm "$TRIPOD_MANIFESTS/a.yaml"
await 8 absent a-node1
answers
uses a DirectoryOrCreate x | put a.yaml
await 10 says a 'does not answer'
answer
await 30 running a-node1
[ -d "$STORY/real/data/x" ]

# A sub-path, with requests that nobody can take back.
keep
uses c '""' sub | put c.yaml
pod d | put d.yaml
soon running d-node1
await 10 says c 'sub-path sub: the file system does not answer'
is c-node1 '.containers[0].state.reason' CreateContainerConfigError
# As often as it may be tried, it is one process that waits.
await 15 event c 'Failed .*sub-path sub'
finder=$(pgrep -P "$reconciled" -x finder)
stuck() { [ "$(pgrep -c -P "$finder")" = "$1" ]; }
stays 8 stuck 1
answers
# What is mounted in the pod that runs is unmounted all the same.
rm "$TRIPOD_MANIFESTS"/[ac].yaml
await 10 absent c-node1
await 10 absent a-node1
left() { find "$STORY/rig/state/pods" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l; }
[ "$(left)" = 3 ]
uses c '""' sub | put c.yaml
answer
await 40 running c-node1
await 10 stuck 0

# The manifests: what runs stays; what comes in the meantime waits.
rm "$TRIPOD_MANIFESTS"/[bcd].yaml
await 10 absent c-node1
kill "$fuse"
umount -l "$hung"
wait "$fuse" || :
mkdir "$STORY/manifests"
chmod 700 "$STORY/manifests"
cp -p "$TRIPOD_MANIFESTS/keep.yaml" "$STORY/manifests"
serve "$STORY/manifests" "$TRIPOD_MANIFESTS"
on_fuse() { says '' 'manifests are on FUSE'; }
await 20 on_fuse
TRIPOD_MANIFESTS=$STORY/manifests
pod e | put e.yaml
await 30 running e-node1
hang
await 30 says '' 'manifests: .* does not answer'
stays 1 answers
# Who comes is told that there are none; nothing is taken for gone.
kill -9 "$(daemon_pid watcherd)"
await 20 peer_is_up watcherd
crash reconciled
await 20 peer_is_up watcherd
await 10 running keep-node1
running e-node1
[ "$(container_id keep-node1)" = "$began" ]
pod f | put f.yaml
answer
await 60 running f-node1
[ "$(container_id keep-node1)" = "$began" ]
