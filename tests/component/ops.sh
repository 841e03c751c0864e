#!/bin/bash
# What an operator does with running pods: look at one, see why it waits and
# what would be done, wait for it, start it again.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# says PATTERN COMMAND...: its output has such a line; it may fail.
says()
{
	"${@:2}" >"$STORY/out" 2>&1 || :
	grep -Eq -- "$1" "$STORY/out"
}

# said PATTERN: the command before did.
said()
{
	grep -Eq -- "$1" "$STORY/out" ||
	    fail "not said: $1; but: $(cat "$STORY/out")"
}

# code N COMMAND...: it ends with N.
code()
{
	local got=0

	"${@:2}" >"$STORY/out" 2>&1 || got=$?
	[ $got = "$1" ] || fail "exit status $got, not $1: ${*:2}:" \
	    "$(cat "$STORY/out")"
}

# Waiting for what is not there yet; it is told as soon as it is there.
ctl wait web --for ready --timeout 20s &
waiter=$!
pod web 1 'echo hello; exec sleep 1000' | put web.yaml
wait $waiter
running web-node1
code 0 ctl wait default/web-node1 --for running --timeout 1s
code 0 ctl wait web --for "hash=$(of web-node1 .hash)"
code 1 ctl wait web --for hash=00000000 --timeout 1s
said 'its hash is [0-9a-f]{32}'
code 64 ctl wait web
code 64 ctl wait web --for happy

# One pod, by all its names.
uid=$(of web-node1 .uid)
for name in web web-node1 default/web default/web-node1 "$uid" "${uid:0:8}"; do
	says '^default/web-node1$' ctl status "$name" ||
	    fail "not found: $name"
done
code 1 ctl status nobody
said 'there is no pod "nobody"'
[ "$(ctl status web -o json | jq -r '.ready, .file.file, .qosClass,
    .detail.waits == ""')" = "true
web.yaml
BestEffort
true" ]

# Several pods of one name.
pod web | sed 's/^  name: web/&\n  namespace: other/' | put other.yaml
code 0 ctl wait other/web --for ready --timeout 20s
code 1 ctl status web
said 'default/web-node1 .*other/web-node1'
code 1 ctl restart web
rm "$TRIPOD_MANIFESTS/other.yaml"
code 0 ctl wait other/web --for gone --timeout 20s

# What is done and why, and that nothing is to be done.
says 'nothing is to be done' ctl plan web
ctl plan -o json | jq -e '.[0].actions == [] and .[0].waits == ""' >/dev/null

# Started again: as told, another instance, counted; no back-off.
old=$(container_id web-node1)
code 0 ctl restart web
said 'default/web-node1: container main: runs again, restarts 1'
[ "$(container_id web-node1)" != "$old" ]
old=$(container_id web-node1)
began=$SECONDS
code 0 ctl restart web main --timeout 20s
is web-node1 '.containers[0].restartCount' 2
[ $((SECONDS - began)) -lt 8 ] || fail "a restart that was asked for waits"
code 1 ctl restart web nobody
said 'no such container'
says 'last exit .*SIGKILL|last exit .*SIGTERM' ctl status web

# Where it would not come back, it is refused, and goes on.
pod once | sed 's/^spec:/&\n  restartPolicy: Never/' | put once.yaml
code 0 ctl wait once --for ready --timeout 20s
old=$(container_id once-node1)
code 1 ctl restart once
said 'refused: its restart policy is Never'
stays 1 eval '[ "$(container_id once-node1)" = "$old" ]'
rm "$TRIPOD_MANIFESTS/once.yaml"
code 0 ctl wait once --for gone --timeout 20s

# A crash loop: why, until when, how it ended; and its end by a restart.
pod crash 1 'echo bye >/dev/termination-log; exit 3' | put crash.yaml
await 20 says 'because .*it keeps ending: back-off, again at 20' \
    ctl status crash
says 'last exit +code 3, Error, .* ago.*: bye' ctl status crash
code 1 ctl wait crash --for ready --timeout 1s
said 'crash: not ready within 1s: container main: it keeps ending: back-off, again in [0-9]+s; it last ended with code 3, Error: bye'
says 'looks again at 20' ctl plan crash
count=$(of crash-node1 '.containers[0].restartCount')
code 0 ctl restart --no-wait crash
await 3 eval 'is crash-node1 ".containers[0].restartCount > $count" true'
rm "$TRIPOD_MANIFESTS/crash.yaml"

# An image that is not to be had, an init container that does not end.
pod image none | put image.yaml
await 20 says 'because .*its image is not to be had' ctl status image
code 1 ctl wait image --for running --timeout 1s
said 'its image is not to be had.*'
rm "$TRIPOD_MANIFESTS/image.yaml"
pod init | sed 's/^  containers:/  initContainers:\
  - {name: first, image: "localhost\/bb:1", command: [sleep, "1000"]}\
&/' | put init.yaml
await 20 says 'it waits for init container first' ctl status init
says 'init container first' ctl status init
await 20 says 'it runs, and must end well' ctl status init
rm "$TRIPOD_MANIFESTS/init.yaml"

# A refused file: the pod goes on, and its status says so.
pod web | sed 's/hostNetwork: true/hostNetwork: maybe/' | put web.yaml
await 10 says '^web.yaml:[0-9]+:[0-9]+: spec.hostNetwork' ctl status web
says 'refused; the pod goes on as last defined' ctl status web

connected() { ss -xp | grep "pid=$1," >/dev/null; }

# Over a restart of reconciled waiting goes on, and what is gone is not taken
# for gone before the runtime has told.
"$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" wait late --for ready \
    --timeout 60s &
waiter=$!
await 5 connected $waiter
crash reconciled
ctl wait web --for gone --timeout 3s && fail "it is not gone"
pod late | put late.yaml
wait $waiter

# Without reconciled there is a clear answer; with it again, all goes on.
"$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" wait web --for gone \
    --timeout 5s 2>"$STORY/away" &
waiter=$!
await 5 connected $waiter
"$rig" stop "$STORY/rig" reconciled
got=0
wait $waiter || got=$?
[ $got = 69 ] || fail "exit status $got: $(cat "$STORY/away")"
grep -q 'is reconciled running' "$STORY/away"
code 69 ctl wait web --for ready
code 69 ctl status web
"$rig" start "$STORY/rig" reconciled
code 0 ctl wait web --for ready --timeout 20s
