#!/bin/bash
# Ended containers run again, with the back-off of a kubelet.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod crash 1 | put crash.yaml
await 20 running crash-node1

# The first end: again at once.
kill -9 "$(pid_of crash-node1)"
await 5 is crash-node1 '.containers[0].restartCount' 1
await 5 running crash-node1
is crash-node1 '.containers[0].lastState.exitCode' 137

# The second: a wait of ten seconds, and the status says so.
kill -9 "$(pid_of crash-node1)"
await 5 is crash-node1 '.containers[0].state.reason' CrashLoopBackOff
stays 6 is crash-node1 '.containers[0].restartCount' 1
await 8 is crash-node1 '.containers[0].restartCount' 2

# Never and OnFailure.
pod once 1 'exit 3' | sed 's/^spec:/spec:\n  restartPolicy: Never/' |
    put once.yaml
await 20 is once-node1 .phase Failed
is once-node1 '.containers[0].state.exitCode' 3
pod done 1 'exit 0' | sed 's/^spec:/spec:\n  restartPolicy: OnFailure/' |
    put done.yaml
await 20 is done-node1 .phase Succeeded
stays 1 is done-node1 '.containers[0].restartCount' 0
