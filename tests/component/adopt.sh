#!/bin/bash
# Any daemon and the runtime may be killed: what runs, runs on.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod keep 1 | put keep.yaml
await 20 running keep-node1
pid=$(pid_of keep-node1)
same() { running keep-node1 && [ -e "/proc/$pid" ] &&
    [ "$(pid_of keep-node1)" = "$pid" ]; }

for daemon in reconciled watcherd mirrord; do
	crash "$daemon"
	await 10 same
done
await 10 peer_is_up watcherd
await 10 peer_is_up mirrord
same

# Changes work as before, also in the middle of it.
for i in 1 2 3; do
	pod churn "$((i % 2 + 1))" "exec sleep 100$i" | put churn.yaml
	crash "$(echo reconciled watcherd mirrord | cut -d' ' -f $i)"
done
await 30 running churn-node1
await 20 is churn-node1 '.containers[0].image' localhost/bb:2
await 10 same
[ "$(ctr task ls | grep -c RUNNING)" = 4 ]

# The runtime.
"$rig" stop "$STORY/rig" containerd
await 10 [ -e "/proc/$pid" ]
"$rig" start "$STORY/rig" containerd
await 20 same

# Removed while reconciled is away: gone when it is back.
"$rig" stop "$STORY/rig" reconciled
rm "$TRIPOD_MANIFESTS/churn.yaml"
"$rig" start "$STORY/rig" reconciled
await 20 absent churn-node1
await 10 same

# Without watcherd the last good manifests stand.
"$rig" stop "$STORY/rig" watcherd
crash reconciled
await 20 same
