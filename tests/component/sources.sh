#!/bin/bash
# Where manifests come from: a folder that is mounted over and unmounted, what
# does not count in it, and a single file.
. "$(dirname "$0")/story.sh"
begin "$@"

pid_lives() { [ -e "/proc/$pid" ]; }
note() { ctl status | grep -q "reconciled up: .*$1"; }

up
pod keep 1 | put keep.yaml
await 20 running keep-node1
pid=$(pid_of keep-node1)

# What does not count is shown, and stops counting when it goes.
pod no 1 | put keep.yaml.bak
mkdir "$TRIPOD_MANIFESTS/old"
touch "$TRIPOD_MANIFESTS/$(printf 'bell\a.yaml')" "$TRIPOD_MANIFESTS/.x.swp"
ignored() { ctl status | grep -qF "$1: ignored: $2"; }
await 10 ignored keep.yaml.bak 'its name does not end in .yaml, .yml or .json'
await 10 ignored old 'it is a folder'
await 10 ignored 'bell?.yaml' 'its name has control characters'
! ctl status | grep -q swp
ctl status -o json | jq -e '.files[] | select(.file == "keep.yaml.bak") |
    .state == "ignored" and (.pods | length) == 0' >/dev/null
rm -r "${TRIPOD_MANIFESTS:?}"/keep.yaml.bak "$TRIPOD_MANIFESTS"/old
not_ignored() { ! ctl status | grep -q "^$1: ignored"; }
await 10 not_ignored keep.yaml.bak
await 10 not_ignored old
pid_lives

# More names than anybody looks at, in front of it: it goes on, also when all
# that is known has to be learnt again; and afterwards all is as before.
(cd "$TRIPOD_MANIFESTS" && seq -f 'j%06.0f.yaml' 20000 | xargs touch)
for name in watcherd reconciled; do
	crash $name
	await 20 peer_is_up watcherd
	stays 2 pid_lives
done
find "$TRIPOD_MANIFESTS" -name 'j*' -delete
pod late 1 | put late.yaml
await 30 running late-node1
rm "$TRIPOD_MANIFESTS/late.yaml"
await 20 absent late-node1
pid_lives
[ "$(ctl status -o json | jq '[.files[] | select(.file | startswith("j"))] |
    length')" = 0 ]

# Another file system in its place: its content counts; without it, the first.
pod other 1 >"$STORY/other.yaml"
mount -t tmpfs -o mode=0700 none "$TRIPOD_MANIFESTS"
put other.yaml <"$STORY/other.yaml"
await 40 running other-node1
await 20 absent keep-node1
umount -l "$TRIPOD_MANIFESTS"
await 40 running keep-node1
await 20 absent other-node1

# A file in the place of the folder is a mistake, and costs nothing.
pid=$(pid_of keep-node1)
mv "$TRIPOD_MANIFESTS" "$STORY/aside"
touch "$TRIPOD_MANIFESTS"
await 10 note 'has become a file'
stays 1 pid_lives
rm "$TRIPOD_MANIFESTS"
mv "$STORY/aside" "$TRIPOD_MANIFESTS"
not_note() { ! note "$@"; }
await 10 not_note 'has become a file'
stays 1 pid_lives

# Every name that has no dot first.
"$rig" down "$STORY/rig"
rm -r "$STORY/rig/manifests"
TRIPOD_WATCHERD_CONF='all names yes' up
pod plain 1 | put plain
await 20 running plain-node1
rm "$TRIPOD_MANIFESTS/plain"
await 20 absent plain-node1

# A single file, whatever its name: edited, replaced, broken, removed.
"$rig" down "$STORY/rig"
rm -r "$STORY/rig/manifests"
pod one 1 >"$STORY/rig/manifests"
chmod 600 "$STORY/rig/manifests"
up
await 20 running one-node1
replace() {
	cat >"$STORY/rig/.new"
	chmod 600 "$STORY/rig/.new"
	mv "$STORY/rig/.new" "$STORY/rig/manifests"
}
for i in 2 1; do
	pod one $i | replace
	await 20 is one-node1 '.containers[0].image' "localhost/bb:$i"
done
await 20 running one-node1
is one-node1 .manifest manifests
pid=$(pid_of one-node1)
echo broken | replace
await 10 refused manifests 'goes on as last defined'
stays 1 pid_lives
crash watcherd
await 10 peer_is_up watcherd
stays 1 pid_lives
pod one 2 >"$STORY/rig/manifests"
await 20 is one-node1 '.containers[0].image' localhost/bb:2
rm "$STORY/rig/manifests"
await 20 absent one-node1
pod two 1 | replace
await 20 running two-node1
