#!/bin/bash
# Pods have groups with limits as a whole, and nothing survives in them.
. "$(dirname "$0")/story.sh"
begin "$@"
up
rig_dir=$STORY/rig
root=$(sed -n 's/^cgroup root //p' "$rig_dir/etc/reconciled.conf")/kubepods
v2=$([ ! -e /sys/fs/cgroup/cgroup.controllers ] || echo yes)

# at CONTROLLER: folder "kubepods" in its hierarchy.
at()
{
	if [ -n "$v2" ]; then
		echo "/sys/fs/cgroup$root"
	else
		echo "/sys/fs/cgroup/$1$root"
	fi
}
# has GROUP CONTROLLER FILE-OF-V1 VALUE FILE-OF-V2 VALUE
has()
{
	if [ -n "$v2" ]; then
		[ "$(cat "$(at "$2")/$1/$5")" = "$6" ]
	else
		[ "$(cat "$(at "$2")/$1/$3")" = "$4" ]
	fi
}
weighs() # GROUP SHARES WEIGHT
{
	has "$1" cpu cpu.shares "$2" cpu.weight "$3"
}
uid_of() { of "$1" .uid; }

# sized NAME RESOURCES [RESOURCES-OF-AN-INIT-CONTAINER]
sized()
{
	pod "$1"
	echo "    resources: $2"
	[ -z "${3-}" ] || cat <<EOT
  initContainers:
  - name: first
    image: localhost/bb:1
    command: ["true"]
    resources: $3
EOT
}

echo "- classes"
weighs . $(($(getconf _NPROCESSORS_CONF) * 1024)) \
    $((1 + ($(getconf _NPROCESSORS_CONF) * 1024 - 2) * 9999 / 262142))
weighs besteffort 2 1
await 5 weighs burstable 2 1

echo "- pods"
sized all '{limits: {cpu: 500m, memory: 64Mi}}' | put all.yaml
sized some '{requests: {cpu: 250m}, limits: {cpu: 500m, memory: 64Mi}}' \
    '{requests: {cpu: 300m}, limits: {cpu: 700m}}' | put some.yaml
pod none | put none.yaml
for name in all some none; do
	await 20 running $name-node1
done
group=pod$(uid_of all-node1)
weighs "$group" 512 20
has "$group" cpu cpu.cfs_quota_us 50000 cpu.max '50000 100000'
has "$group" memory memory.limit_in_bytes 67108864 memory.max 67108864
group=burstable/pod$(uid_of some-node1)
weighs "$group" 307 12
has "$group" cpu cpu.cfs_quota_us 70000 cpu.max '70000 100000'
! has "$group" memory memory.limit_in_bytes 67108864 memory.max 67108864 ||
    fail 'a limit of memory that not every container has'
none=besteffort/pod$(uid_of none-node1)
weighs "$none" 2 1
has "$none" cpu cpu.cfs_quota_us -1 cpu.max 'max 100000'
[ -d "$(at memory)/$none/$(container_id none-node1)" ]

echo "- a limit of the pod alone is not left out"
{
	pod large
	echo '  resources: {limits: {cpu: "200000000"}}'
} | put large.yaml # more than the kernel can count
await 10 eval 'ctl status large | grep -q "cgroup of the pod: .*cpu"'
is large-node1 .phase Pending
rm "$TRIPOD_MANIFESTS/large.yaml"
await 10 absent large-node1

echo "- burstable pods together"
weighs burstable 307 12
sized more '{requests: {cpu: 700m}}' | put more.yaml
await 20 running more-node1
weighs burstable 1024 39
rm "$TRIPOD_MANIFESTS/more.yaml"
await 20 absent more-node1
await 5 weighs burstable 307 12

echo "- what is left in the group of a pod ends with it"
# left GROUP: a process of somebody else, in a group below; its number.
left()
{
	local controller

	setpriv --reuid 64999 --regid 64999 --clear-groups \
	    sleep 1000 >/dev/null 2>&1 &
	disown $! # its end is no news
	for controller in cpu memory; do
		mkdir -p "$(at $controller)/$1/left/deep"
		echo $! >"$(at $controller)/$1/left/deep/cgroup.procs"
	done
	left=$!
}
alive() { kill -0 "$1" 2>/dev/null; }
gone() # GROUP: in all hierarchies
{
	[ -z "$(find /sys/fs/cgroup -path "*$root/$1" 2>/dev/null)" ]
}
left "$none"
of_none=$left
foreign=besteffort/pod0123456789abcdef0123456789abcdef
left $foreign
of_foreign=$left
sleep 1000 &
outside=$!
pid=$(pid_of some-node1)
rm "$TRIPOD_MANIFESTS/none.yaml"
await 10 eval '! alive $of_none'
await 10 gone "$none"
await 10 absent none-node1
[ -z "$(ls "$rig_dir/state/pods" | grep -v -e "$(uid_of all-node1)" \
    -e "$(uid_of some-node1)")" ]
grep -q 'none-node1 .*left in its cgroup is killed' \
    "$rig_dir/log/reconciled.log"

echo "- a pod that ended while nobody looked, in all places"
lost=fedcba9876543210fedcba9876543210
kill -STOP "$(daemon_pid watcherd)"
mkdir -p "$rig_dir/state/pods/$lost"
for class in . burstable besteffort; do
	left $class/pod$lost
	lefts="${lefts-} $left"
done
crash reconciled
kill -CONT "$(daemon_pid watcherd)" 2>/dev/null || :
for left in $lefts; do
	await 15 eval '! alive $left'
done
await 10 gone "*pod$lost"
await 10 test ! -e "$rig_dir/state/pods/$lost"

echo "- and nobody else"
alive "$of_foreign"
alive $outside
[ -d "$(at cpu)/$foreign/left/deep" ]
[ "$(pid_of some-node1)" = "$pid" ]
await 5 weighs burstable 307 12
kill "$of_foreign" $outside
await 5 eval '! alive $of_foreign'
! grep -E 'cgroups: |cgroup of' "$rig_dir/log/reconciled.log" |
    grep -v large-node1 || fail 'a value could not be written'
