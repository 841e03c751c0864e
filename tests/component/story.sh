# For component scripts: everything private, conditions awaited, leftovers
# removed.  A script sources this file, calls begin, tells its story with
# the functions below, and fails at the first thing that is not so.  A function
# undo of its own is called at the end, whatever that is.
# shellcheck shell=bash
set -eEu -o pipefail
trap 'failed_at "$BASH_COMMAND"' ERR

here=$(cd "$(dirname "$0")" && pwd)
rig=$here/../lib/rig
: "${TRIPOD_OBJ:=$here/../../obj}"
: "${TRIPOD_BIN:=$TRIPOD_OBJ/bin}"
export TRIPOD_OBJ TRIPOD_BIN

# begin: from here on in fresh namespaces, with a folder that goes away.
begin()
{
	if [ -z "${STORY-}" ]; then
		STORY=$(mktemp -d /tmp/story.XXXXXX)
		export STORY
		exec "$rig" isolate "$0" "$@"
	fi
	chmod 755 "$STORY"
	trap story_end EXIT
	trap 'exit 1' INT TERM HUP
}

story_end()
{
	local status=$?

	[ $status -eq 0 ] || story_dump
	! declare -F undo >/dev/null || undo
	"$rig" apiserver down "$STORY/api" >/dev/null 2>&1 || :
	"$rig" down "$STORY/rig" >/dev/null 2>&1 || :
	rm -rf "$STORY"
	exit $status
}

story_dump()
{
	local log

	[ -n "${TRIPOD_CONTROL-}" ] || return 0
	echo "--- status"
	ctl status 2>&1 || :
	for log in "$STORY"/rig/log/{reconciled,watcherd,mirrord}.log; do
		echo "--- $log"
		tail -n 40 "$log" 2>/dev/null || :
	done
}

# up [OPTION...]: rig up, with its variables set.
up()
{
	local variables

	variables=$("$rig" up "$STORY/rig" "$@") || fail "rig up"
	eval "$variables"
}

fail()
{
	echo "failed:$(callers) $*"
	exit 1
}

# failed_at COMMAND: says what set -e ends the script for.  In a command
# substitution a failure ends nothing.
failed_at()
{
	[[ $- != *e* ]] || echo "failed:$(callers) $1" >&2
}

# callers: from the innermost to the script, each as function:line.
callers()
{
	local i

	for ((i = 2; i < ${#FUNCNAME[@]}; i++)); do
		printf ' %s:%s' "${FUNCNAME[i]}" "${BASH_LINENO[i - 1]}"
	done
}

# await SECONDS COMMAND...: until COMMAND succeeds.
await()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain: $*"
		sleep 0.02
	done
}

# stays SECONDS COMMAND...: COMMAND succeeds all the time.
stays()
{
	local end=$((SECONDS + $1))

	shift
	while [ $SECONDS -lt $end ]; do
		"$@" || fail "did not last: $*"
		sleep 0.1
	done
}

ctl()
{
	"$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" "$@"
}

ctr()
{
	command ctr -a "$TRIPOD_RUNTIME" -n k8s.io "$@"
}

# put NAME: a manifest from standard input, renamed into place, root's alone.
put()
{
	cat >"$TRIPOD_MANIFESTS/.$1"
	chmod 600 "$TRIPOD_MANIFESTS/.$1"
	mv "$TRIPOD_MANIFESTS/.$1" "$TRIPOD_MANIFESTS/$1"
}

# pod NAME [BUILD [COMMAND]]: prints a manifest.
pod()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata:
  name: $1
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: localhost/bb:${2-1}
    command: [sh, -c, "${3-exec sleep 1000}"]
EOT
}

# of POD EXPRESSION: jq on the status of the newest pod of that name.
of()
{
	ctl status -o json |
	    jq -r "[.pods[] | select(.name == \"$1\")] | last | $2"
}

# is POD EXPRESSION VALUE
is()
{
	[ "$(of "$1" "$2")" = "$3" ]
}

running()
{
	is "$1" '(.phase == "Running") and (.terminating | not) and
	    ([.containers[].ready] | all)' true
}

absent()
{
	[ "$(ctl status -o json |
	    jq "[.pods[] | select(.name == \"$1\")] | length")" = 0 ]
}

container_id()
{
	of "$1" '.containers[0].containerID' | sed 's,.*://,,'
}

# pid_of POD: of its container's first process, on this machine.
pid_of()
{
	ctr task ls | awk -v id="$(container_id "$1")" '$1 == id { print $2 }'
}

log_of()
{
	cat "$TRIPOD_LOGS/pods/default_$1_"*/main/*.log
}

daemon_pid()
{
	cat "$TRIPOD_RUN/$1.pid"
}

# crash DAEMON: kill -9, and wait for the next one.
crash()
{
	local old

	old=$(daemon_pid "$1")
	kill -9 "$old" 2>/dev/null || : # it may leave by itself just now
	await 10 daemon_is_new "$1" "$old"
}

daemon_is_new()
{
	local now

	now=$(daemon_pid "$1" 2>/dev/null) && [ "$now" != "$2" ] &&
	    kill -0 "$now" 2>/dev/null
}

peer_is_up()
{
	[ "$(ctl status -o json |
	    jq ".daemons[] | select(.name == \"$1\") | .up")" = true ]
}

# refused FILE PATTERN: the status shows the refusal.
refused()
{
	ctl status | grep -Eq "^$1:.*$2"
}
