#!/bin/bash
# What gone pods left is removed, and what is not ours stays; when the disk is
# full, images that nobody needs go.
. "$(dirname "$0")/story.sh"
begin "$@"
export TRIPOD_RECONCILED_CONF='image gc high 100%'
up
has_image()
{
	ctr images ls -q | grep -x "$1" >/dev/null
}
has_image localhost/bb:1
has_image localhost/bb:2
has_image localhost/pause:1
pod web | put web.yaml
await 20 running web-node1
# Another one that cannot start, but will need what it names.
{
	pod waits 2
	printf '  - name: other\n    image: localhost/none:1\n'
	echo '    imagePullPolicy: Never'
} | sed 's/^  containers:/  initContainers:\n  - name: first\n    image: localhost\/none:1\n    imagePullPolicy: Never\n&/' |
    put waits.yaml
await 10 is waits-node1 '.initContainers[0].state.reason' ErrImageNeverPull

# A pod that ended while nobody looked, beside what others have.
rig_dir=$STORY/rig
logs=$rig_dir/log/pods links=$rig_dir/log/containers pods=$rig_dir/state/pods
gone=0123456789abcdef0123456789abcdef
mkdir -p "$pods/$gone/volumes/kubernetes.io~empty-dir/data/deep" \
    "$pods/$gone/volume-subpaths/data/main/0" \
    "$pods/mounted/foreign" "$links" \
    "$logs/default_gone-node1_$gone/main" "$logs/default_other_$gone.2/main"
touch "$logs/default_gone-node1_$gone/main/0.log" "$pods/.hidden" \
    "$pods/$gone/volumes/kubernetes.io~empty-dir/data/deep/file"
chmod 0 "$pods/$gone/volumes/kubernetes.io~empty-dir/data/deep"
ln -s "$logs/default_gone-node1_$gone/main/0.log" "$links/gone.log"
ln -s "$logs/default_other_$gone.2/main/0.log" "$links/other.log"
ln -s /nowhere "$links/dangling.log"
ln -s / "$pods/$gone/root"
mount -t tmpfs tmpfs "$pods/mounted/foreign"
touch "$pods/mounted/foreign/precious"
chmod 700 "$rig_dir/state"

sed -i '/^image gc/d' "$rig_dir/etc/reconciled.conf"
printf '%s\n' 'image gc high 1%' 'image gc low 0%' 'image gc min age 0s' \
    >>"$rig_dir/etc/reconciled.conf"
crash reconciled
await 20 running web-node1
# The runtime ends only now what the one before has asked it for.
group=/sys/fs/cgroup
[ -e $group/cgroup.controllers ] || group=$group/pids
group+=$(sed -n 's/^cgroup root //p' "$rig_dir/etc/reconciled.conf")
group+=/kubepods/besteffort/pod$gone
mkdir -p "$group/late"
await 20 test ! -e "$pods/$gone"
[ ! -e "$group" ]
[ ! -e "$logs/default_gone-node1_$gone" ]
[ ! -L "$links/gone.log" ]
[ -d "$logs/default_other_$gone.2/main" ]
[ -L "$links/other.log" ] && [ -L "$links/dangling.log" ]
[ -e "$pods/.hidden" ]
# What somebody has mounted there was moved with the rest, and is whole.
await 10 grep -q 'things of pods that are gone cannot be removed' "$rig_dir/log/reconciled.log"
foreign=$(echo "$pods"/.trash.mounted.*/foreign)
[ -e "$foreign/precious" ]
umount "$foreign"
[ -d /bin ]

# The disk is fuller than one per cent: all goes that is not in use or wanted.
failures()
{
	[ "$(grep -c 'node node1: FreeDiskSpaceFailed' \
	    "$rig_dir/log/reconciled.log")" = "$1" ]
}
await 30 failures 1
has_image localhost/bb:1
has_image localhost/bb:2
has_image localhost/pause:1
rm "$TRIPOD_MANIFESTS/waits.yaml"
await 20 absent waits-node1
crash reconciled
await 30 failures 2
trash_is_empty() { ! ls -A "$pods" | grep "^\.trash"; }
await 10 trash_is_empty
has_image localhost/bb:1
has_image localhost/pause:1
! has_image localhost/bb:2
grep -q 'image localhost/bb:2 .*: removed' "$rig_dir/log/reconciled.log"
await 10 running web-node1
ctl events | grep 'FreeDiskSpaceFailed' >/dev/null
