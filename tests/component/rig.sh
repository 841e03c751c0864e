#!/bin/bash
# The rig itself: a container of each test image runs, and afterwards nothing
# is left: no process, mount, cgroup or network namespace, also after a crash.
# shellcheck source-path=SCRIPTDIR
set -eu -o pipefail
. "$(dirname "$0")/story.sh"
begin "$@"
lib=$here/../lib
. "$lib/common.sh"
. "$lib/daemons.sh"
. "$lib/down.sh"
dir=$STORY/rig
TRIPOD_CONTROL=

check()
{
	"$@" || fail "does not hold: $*"
}

check_not()
{
	! "$@" || fail "holds, but should not: $*"
}

version()
{
	ctr run --rm "$1" "v$RANDOM" cat /etc/version
}

processes()
{
	marked "TRIPOD_RIG=$dir"
}

cgroups()
{
	find /sys/fs/cgroup -type d -name "$id-*"
}

nothing()
{
	[ -z "$("$@")" ]
}

answers()
{
	ctr --connect-timeout 1s version >/dev/null 2>&1
}

# pid_of_task ID: a container's first process.
pid_of_task()
{
	ctr task ls | awk -v id="$1" '$1 == id { print $2 }'
}

start_containers()
{
	ctr run -d localhost/pause:1 "$id-pause"
	ctr run -d --net-host localhost/bb:2 "$id-host" sleep 1000
	pids="$(pid_of_task "$id-pause") $(pid_of_task "$id-host")"
	# What is to be gone later has to be there now.
	check_not nothing processes
	check_not nothing mounts_of "$dir"
	check_not nothing cgroups
	sockets=$(shim_sockets "$dir")
	check_not nothing echo "$sockets"
}

none_exists()
{
	local path

	for path; do
		[ ! -e "$path" ] || return 1
	done
}

gone()
{
	# shellcheck disable=SC2086 # a list of numbers
	check none_alive $pids
	check nothing processes
	check nothing mounts_of "$dir"
	check nothing cgroups
	# shellcheck disable=SC2086 # a list of paths
	check none_exists $sockets
	check_not grep -F "$dir/" /proc/net/unix
}

# Ids of containers are the machine's, not the rig's.
id=rig$$

echo "- the two busybox images differ"
up --only-runtime
[ "$(version localhost/bb:1)" = 1 ]
[ "$(version localhost/bb:2)" = 2 ]

echo "- down removes everything"
start_containers
"$rig" down "$dir"
gone

echo "- down once more, and of a folder that never was"
"$rig" down "$dir"
"$rig" down "$STORY/none"

echo "- up again has the images and takes down what a crash has left"
up --only-runtime
ctr containers rm "$id-pause" "$id-host"
start_containers
kill -KILL "$(cat "$dir/run/containerd.supervisor")" \
    "$(daemon_pid containerd)"
"$rig" down "$dir"
gone

echo "- half a start leaves nothing and says why"
check_not "$rig" up "$dir" --containerd /bin/false --only-runtime \
    2>"$STORY/said"
check grep -q 'containerd does not answer' "$STORY/said"
gone

echo "- an interrupted start leaves nothing"
"$rig" up "$dir" --only-runtime >"$STORY/said" 2>&1 &
await 10 test -e "$dir/run/containerd.pid"
kill -TERM $!
check_not wait $!
gone

echo "- a killed containerd comes back; a stopped one stays down"
up --only-runtime
pid=$(daemon_pid containerd)
kill -KILL "$pid"
await 10 answers
[ "$(daemon_pid containerd)" != "$pid" ]
"$rig" stop "$dir" containerd
check_not answers
"$rig" start "$dir" containerd
check answers

echo "- an isolated command that leaves things behind"
"$rig" down "$dir"
check_not "$rig" isolate sh -c "
    '$rig' up '$dir' --only-runtime >/dev/null
    setsid sleep 1000 & echo \$! >'$STORY/pid'
    kill -TERM \$\$"
pids=$(cat "$STORY/pid")
gone
