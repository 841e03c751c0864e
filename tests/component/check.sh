#!/bin/bash
# watcherd -t and tripodctl check: problems with their places, exit codes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
fixtures=$here/../fixtures/manifests
bad=$STORY/bad.yaml
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: A}\nspec: {}\n' >"$bad"

# is STATUS COMMAND...: the exit status, with output kept in a file.
is()
{
	local want=$1 got=0

	shift
	"$@" >"$STORY/out" 2>"$STORY/err" || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want"
}

watcherd=$TRIPOD_BIN/watcherd
for check in "$watcherd -t" "$TRIPOD_BIN/tripodctl check"; do
	# shellcheck disable=SC2086 # two words
	is 0 $check "$fixtures/crlf-bom.yaml"
	[ ! -s "$STORY/out" ] || fail "says something about a good file"
	# shellcheck disable=SC2086
	is 1 $check "$fixtures/crlf-bom.yaml" "$bad"
	grep -Fq "$bad:3:18: metadata.name: with " "$STORY/out"
	grep -Fqx "$bad:4:7: spec.containers: is required" "$STORY/out"
	# shellcheck disable=SC2086
	is 66 $check "$bad" "$STORY/nothing"
	grep -Fq "$STORY/nothing: No such file" "$STORY/err"
done
is 64 "$watcherd" -t
is 64 "$watcherd" -t -N 'not a node' "$bad"
is 66 "$watcherd" -t "$STORY"
# The node's name ends the pod's.
is 1 "$watcherd" -t -N host1 "$bad"
grep -Fq 'with "-host1" behind it' "$STORY/out"
# A warning is no error, and says that it is one.
is 0 "$watcherd" -t "$fixtures/warnings.yaml"
grep -q 'warnings.yaml:13:5: warning: spec.containers\[0\].livenessProbe: ' \
    "$STORY/out"
# Nothing from the file plays with the terminal.
is 1 "$watcherd" -t "$fixtures/terminal.yaml"
! grep -q "$(printf '\033')" "$STORY/out"
# Anybody may check what he can read.
chmod 644 "$bad"
is 1 setpriv --reuid 64201 --regid 64201 --clear-groups \
    "$watcherd" -t "$bad"
# 1000 files at once.
for i in $(seq 1000); do
	ln "$bad" "$STORY/$i.yaml"
done
is 1 "$watcherd" -t "$STORY"/[0-9]*.yaml
[ "$(wc -l <"$STORY/out")" = 2000 ]
