#!/bin/bash
# Two files for one pod: who has it keeps it, the other one waits its turn.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod one 1 | put m.yaml
await 20 running one-node1
pid=$(pid_of one-node1)

for name in a z; do
	pod one 2 | put $name.yaml
	await 10 refused $name.yaml 'already'
	stays 1 [ -e "/proc/$pid" ]
	rm "$TRIPOD_MANIFESTS/$name.yaml"
	stays 1 [ -e "/proc/$pid" ]
done

# Renamed while reconciled is away: it runs on under the new name.
"$rig" stop "$STORY/rig" reconciled
mv "$TRIPOD_MANIFESTS/m.yaml" "$TRIPOD_MANIFESTS/n.yaml"
"$rig" start "$STORY/rig" reconciled
await 30 is one-node1 .manifest n.yaml
await 30 running one-node1
