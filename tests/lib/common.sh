# Shared by rig and the component scripts; sourced by bash.
# shellcheck shell=bash

lib=${lib:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
top=$(cd "$lib/../.." && pwd)

# What is compiled or built for the tests stays out of the tree.
TRIPOD_OBJ=${TRIPOD_OBJ:-$top/obj}
TRIPOD_BIN=${TRIPOD_BIN:-$TRIPOD_OBJ/bin}
made=$TRIPOD_OBJ/rig

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	say "$@"
	exit 1
}

# poll SECONDS COMMAND...: until COMMAND succeeds; 1 when time is up.
# Asks often, because the answer is usually there within milliseconds.
poll()
{
	local limit=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$limit" ] || return 1
		sleep 0.02
	done
}

not()
{
	! "$@"
}

# process_field PID KEY: one line of /proc/PID/status; nothing when gone.
process_field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null
}

# A zombie whose parent is slow has ended all the same.
alive()
{
	local state

	state=$(process_field "$1" State)
	[ -n "$state" ] && [ "${state#[ZX]}" = "$state" ]
}

none_alive()
{
	local pid

	for pid; do
		! alive "$pid" || return 1
	done
}

# end_processes SECONDS PID...: TERM, then KILL for those still there.
end_processes()
{
	local limit=$1

	shift
	[ $# -gt 0 ] || return 0
	kill -TERM "$@" 2>/dev/null || :
	poll "$limit" none_alive "$@" && return
	kill -KILL "$@" 2>/dev/null || :
	poll 5 none_alive "$@" || say "cannot end: $*"
}
