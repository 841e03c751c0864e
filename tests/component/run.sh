#!/bin/bash
# make run: pods come and go, Ctrl-C ends the daemons and nothing else.
. "$(dirname "$0")/story.sh"
begin "$@"
up --only-runtime
TRIPOD_MANIFESTS=$STORY/run/manifests

# As a terminal does it: all of the foreground's processes get the signal,
# and none of them ignores it from the start.
cat >"$STORY/terminal.py" <<'PY'
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
os.execv(sys.argv[1], sys.argv[1:])
PY
RUNTIME=$TRIPOD_RUNTIME STATE=$STORY/run NODE=node1 TMPDIR=$STORY \
    python3 "$STORY/terminal.py" "$here/../../etc/run" >"$STORY/out" 2>&1 &
foreground=$!

control()
{
	TRIPOD_CONTROL=$(sed -n \
	    's/.*tripodctl -s \([^ ]*\) status.*/\1/p' "$STORY/out")
	[ -S "$TRIPOD_CONTROL" ]
}
running()
{
	ctl status 2>/dev/null | grep -q '^default/web-node1 *Running'
}

await 10 control
pod web | put web.yaml
await 20 running
children=$(pgrep -g "$foreground")
kill -INT -- -"$foreground"
status=0
wait "$foreground" || status=$?
[ "$status" = 130 ]
for pid in $children; do
	await 5 eval "! kill -0 $pid 2>/dev/null"
done
[ ! -e "$TRIPOD_CONTROL" ]
# The pod lives on.
ctr tasks ls | grep -q RUNNING
grep -q 'still run' "$STORY/out"
