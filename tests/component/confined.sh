#!/bin/bash
# The running daemons hold no right that they do not need.
. "$(dirname "$0")/story.sh"
begin "$@"
up
field() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }

# What is left in a cgroup is killed by the kernel with v2.
rights=000000000000002b # chown, dac_override, fowner, kill
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || rights=000000000000000b

# unprivileged PID NAME
unprivileged()
{
	local set

	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		case $2.$set in
		reconciled.CapPrm|reconciled.CapEff) want=$rights ;;
		# sys_admin
		mounter.CapPrm|mounter.CapEff) want=0000000000200000 ;;
		# dac_override
		finder.Cap[PE]*|lender.Cap[PE]*) want=0000000000000002 ;;
		*) want=0000000000000000 ;;
		esac
		[ "$(field "$1" $set)" = $want ] ||
		    fail "$2 has $set $(field "$1" $set)"
	done
	[ "$(field "$1" NoNewPrivs)" = 1 ] || fail "$2 may get privileges"
}

# filtered PID
filtered() { grep -q '^Seccomp:.2' "/proc/$1/status"; }

# child_of PID NAME: the one of that name.
child_of()
{
	local pid

	for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$pid/comm")" != "$2" ] || { echo "$pid"; return; }
	done
	return 1
}

# sockets PID: their numbers.
sockets()
{
	readlink "/proc/$1/fd/"* | sed -n 's/socket:\[\(.*\)\]/\1/p' | sort
}

for daemon in reconciled watcherd mirrord; do
	await 10 filtered "$(daemon_pid $daemon)"
	unprivileged "$(daemon_pid $daemon)" $daemon
done
[ "$(field "$(daemon_pid watcherd)" Uid)" = 64201 ]
[ "$(field "$(daemon_pid mirrord)" Uid)" = 64202 ]
[ -z "$(ls -A "/proc/$(daemon_pid watcherd)/root/")" ]

# Helpers: one capability, one socket, and for two the folder of volumes.
for name in mounter finder lender; do
	helper=$(child_of "$(daemon_pid reconciled)" $name)
	await 10 filtered "$helper"
	unprivileged "$helper" $name
	for fd in /proc/"$helper"/fd/*; do
		case $name:${fd##*/}:$(readlink "$fd") in
		*:[012]:*|*:socket:*|mounter:*/state/pods|finder:*/state/pods) ;;
		*) fail "the $name has $fd: $(readlink "$fd")" ;;
		esac
	done
	[ "$(sockets "$helper" | wc -l)" = 1 ]
done

# The prober: a spawner without rights, and its confined child.
spawner=$(child_of "$(daemon_pid reconciled)" tripod-spawner)
await 10 child_of "$spawner" tripod-prober >/dev/null
prober=$(child_of "$spawner" tripod-prober)
await 10 filtered "$prober"
for pid in $spawner $prober; do
	unprivileged "$pid" "the prober's process $pid"
	[ "$(field "$pid" Uid)" = 64203 ]
	[ "$(field "$pid" Gid)" = 64203 ]
	[ -z "$(field "$pid" Groups)" ]
	# Nothing was inherited but the log and the other end of one socket.
	! ls -l "/proc/$pid/fd" | grep -E ' /(run|var|sys|etc|tmp/.*(state|run|manifests))' ||
	    fail "process $pid of the prober has inherited a file"
	[ -z "$(comm -12 <(sockets "$pid") \
	    <(sockets "$(daemon_pid reconciled)"))" ] ||
	    fail "process $pid of the prober has inherited a socket"
done

# reconciled has no inet socket, watcherd but one socket at all.
inet=$(cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 \
    /proc/net/raw /proc/net/raw6 | awk '{ print $10 }')
for inode in $(sockets "$(daemon_pid reconciled)"); do
	! grep -qx "$inode" <<<"$inet" ||
	    fail "reconciled holds an inet socket"
done
[ "$(sockets "$(daemon_pid watcherd)" | wc -l)" = 1 ]
