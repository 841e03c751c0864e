#!/bin/bash
# After a reboot the last good manifests run, before any is read; what ran
# once and ended is not run again.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod boot 1 | put boot.yaml
{ pod once 1 'exit 3'; echo '  restartPolicy: Never'; } | put once.yaml
await 20 running boot-node1
await 20 is once-node1 .phase Failed
once=$(container_id once-node1)
"$rig" down "$STORY/rig"
up
await 30 running boot-node1
await 10 is once-node1 .phase Failed
[ "$(container_id once-node1)" = "$once" ]
