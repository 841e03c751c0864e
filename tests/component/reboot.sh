#!/bin/bash
# After a reboot the last good manifests run, before any is read.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod boot 1 | put boot.yaml
await 20 running boot-node1
"$rig" down "$STORY/rig"
up
await 30 running boot-node1
