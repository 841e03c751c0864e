#!/bin/bash
# The running daemons hold no right that they do not need.
. "$(dirname "$0")/story.sh"
begin "$@"
up
field() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$(daemon_pid "$1")/status"; }
for daemon in reconciled watcherd mirrord; do
	await 10 sh -c "grep -q '^Seccomp:.2' /proc/$(daemon_pid $daemon)/status"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(field $daemon $set)" = 0000000000000000 ] ||
		    fail "$daemon has $set $(field $daemon $set)"
	done
	[ "$(field $daemon NoNewPrivs)" = 1 ]
done
[ "$(field watcherd Uid)" = 64201 ]
[ "$(field mirrord Uid)" = 64202 ]
[ -z "$(ls -A "/proc/$(daemon_pid watcherd)/root/")" ]

# reconciled has no inet socket, watcherd but one socket at all.
inet=$(cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 \
    /proc/net/raw /proc/net/raw6 | awk '{ print $10 }')
for fd in /proc/"$(daemon_pid reconciled)"/fd/*; do
	inode=$(readlink "$fd" | sed -n 's/socket:\[\(.*\)\]/\1/p')
	[ -z "$inode" ] || ! grep -qx "$inode" <<<"$inet" ||
	    fail "reconciled holds an inet socket"
done
[ "$(ls -l "/proc/$(daemon_pid watcherd)/fd" | grep -c socket:)" = 1 ]
