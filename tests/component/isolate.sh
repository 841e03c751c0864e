#!/bin/bash
# rig isolate: what is inside, what comes out, and that nothing stays.
# shellcheck source-path=SCRIPTDIR
set -eu -o pipefail

rig=$(cd "$(dirname "$0")" && pwd)/../lib/rig
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
	echo "failed: $*"
	exit 1
}

# exits STATUS COMMAND...
exits()
{
	local status=0

	"${@:2}" || status=$?
	[ "$status" = "$1" ] || fail "$status instead of $1: ${*:2}"
}

# The namespaces are its own, and loopback is up in them.
for ns in net mnt; do
	[ "$("$rig" isolate readlink /proc/self/ns/$ns)" != \
	    "$(readlink /proc/self/ns/$ns)" ] || fail "the same $ns namespace"
done
"$rig" isolate ip -o link show up | grep -q '^1: lo:' || fail "no loopback"
"$rig" isolate mount -t tmpfs none "$work"
! mountpoint -q "$work" || fail "a mount came out"

# Two network namespaces on the bridge reach each other.
# shellcheck disable=SC2016 # for the shell inside
"$rig" isolate sh -eu -c '
add()
{
	ip netns add "$1"
	jq -c ".plugins[0] + {name, cniVersion}" "$TRIPOD_CNI_CONF" |
	    CNI_COMMAND=ADD CNI_CONTAINERID=$1 CNI_NETNS=/run/netns/$1 \
	    CNI_IFNAME=eth0 CNI_PATH=$2 "$2/bridge" |
	    jq -r ".ips[0].address" | cut -d/ -f1
}
for plugins in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
	[ ! -x "$plugins/bridge" ] || break
done
one=$(add one "$plugins")
two=$(add two "$plugins")
ip netns exec one busybox ping -c 1 -w 5 "$two"
busybox ping -c 1 -w 5 "$one"
' >"$work/out" 2>&1 || { cat "$work/out"; fail "no network between pods"; }

# The end is handed on.
exits 0 "$rig" isolate true
exits 7 "$rig" isolate sh -c 'exit 7'
# shellcheck disable=SC2016 # for the shell inside
exits 137 "$rig" isolate sh -c 'kill -KILL $$'
exits 127 "$rig" isolate "$work/none" 2>/dev/null

# A signal reaches the command, whose answer counts.
mkfifo "$work/ready"
"$rig" isolate bash -c "trap 'exit 9' TERM; echo >'$work/ready'
    while :; do sleep 0.1; done" &
read -r _ <"$work/ready"
kill -TERM $!
exits 9 wait $!

# What it leaves behind ends with it, however it hid.
"$rig" isolate bash -c "setsid sleep 1000 & echo \$! >'$work/pid'
    (setsid setsid -f sleep 1000 &)"
[ ! -e "/proc/$(cat "$work/pid")" ] || fail "a process is left"
