#!/bin/bash
# Several pods in one file: each lives by itself, the file is taken or refused
# as a whole.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# pods NAME[:BUILD]...: prints a manifest with all of them.
pods()
{
	local one

	for one; do
		echo ---
		pod "${one%:*}" "$([ "$one" = "${one#*:}" ] && echo 1 ||
		    echo "${one#*:}")"
	done
}
all() { local name; for name; do running "$name-node1" || return 1; done; }
lives() { [ -e "/proc/$pid" ]; }
# shown FILE POD...: tripodctl shows them all for the file.
shown()
{
	local file=$1

	shift
	[ "$(ctl status -o json | jq -r ".files[] | select(.file == \"$file\") |
	    [.pods[].name] | join(\" \")")" = "$*" ]
}

pods a b c | put set.yaml
await 30 all a b c
shown set.yaml a-node1 b-node1 c-node1
for name in a b c; do is $name-node1 .manifest set.yaml; done
pid=$(pid_of b-node1)

# One changes, one goes, one comes; the one in the middle notices nothing.
pods a:2 b d | put set.yaml
await 30 is a-node1 '.containers[0].image' localhost/bb:2
await 30 all a b d
await 20 absent c-node1
lives
shown set.yaml a-node1 b-node1 d-node1

# Broken in one of them: the file is refused, and nothing changes.
{ pods a e; pods b | sed 's/image:/imagine:/'; } | put set.yaml
await 10 refused set.yaml imagine
for name in a b d; do
	ctl status | grep -q "pod default/$name-node1 goes on as last defined"
done
absent e-node1
stays 1 lives
pods a:2 b d | put set.yaml
await 10 eval '! ctl status | grep -q "^set.yaml"'
lives

# Another file has one of them first: only that one moves.
pods d b | put z.yaml
await 10 refused z.yaml 'set.yaml defines the pod default/b-node1 already'
pods d x | put one.yaml
await 20 is d-node1 .manifest one.yaml
await 20 all a b d x
lives
await 10 refused set.yaml 'one.yaml defines the pod default/d-node1 already'
# Nothing is wrong with its others, which are as it says now.
ctl status >"$STORY/status"
if grep 'as last defined' "$STORY/status"; then fail 'others are refused'; fi
rm "$TRIPOD_MANIFESTS/one.yaml"
await 20 absent x-node1
await 20 is d-node1 .manifest set.yaml
lives
rm "$TRIPOD_MANIFESTS/z.yaml"

# They outlive reconciled, also without watcherd, and a reboot.
"$rig" stop "$STORY/rig" watcherd
crash reconciled
await 20 all a b d
stays 1 lives
"$rig" down "$STORY/rig"
up
await 30 all a b d
rm "$TRIPOD_MANIFESTS/set.yaml"
for name in a b d; do await 20 absent $name-node1; done
