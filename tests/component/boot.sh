#!/bin/bash
# Many pods at boot: the important ones start first, and one whose image does
# not come holds up nobody.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# ranked NAME PRIORITY [CLASS]
ranked()
{
	pod "$1" | sed "s/^spec:/&\n  priority: $2${3:+\n  priorityClassName: $3}/"
}

all_running()
{
	[ "$(ctl status -o json |
	    jq '[.pods[] | select(.containers | all(.ready))] | length')" = "$1" ]
}

ranked zz 2000001000 system-node-critical | put zz.yaml
ranked yy 2000000000 system-cluster-critical | put yy.yaml
ranked ww 5 | put ww.yaml
for name in aa bb cc dd ee ff gg hh; do
	pod $name | put $name.yaml
done
await 60 all_running 11
"$rig" down "$STORY/rig"

# A registry that takes connections and says nothing.
python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 5000))
print("listening", flush=True)
time.sleep(1000)' >"$STORY/registry" &
registry=$!
await 10 grep -q listening "$STORY/registry"
pod stuck | sed s,localhost/bb:1,127.0.0.1:5000/none:1, >"$STORY/stuck"
: >"$STORY/rig/log/reconciled.log"
up
await 60 all_running 11
order=$(sed -n 's,.*pod default/\(..\)-node1: run sandbox.*,\1,p' \
    "$STORY/rig/log/reconciled.log" | tr '\n' ' ')
case $order in
"zz yy ww "*) ;;
*) fail "order: $order" ;;
esac

put stuck.yaml <"$STORY/stuck"
await 10 grep -q 'Pulling image "127.0.0.1' "$STORY/rig/log/reconciled.log"
pod late | put late.yaml
await 20 running late-node1
pod late 2 | put late.yaml
await 20 is late-node1 '.containers[0].image' localhost/bb:2
await 20 running late-node1
is stuck-node1 .phase Pending
kill "$registry"
