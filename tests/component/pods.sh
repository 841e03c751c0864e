#!/bin/bash
# What a pod can say about its life: init containers, sidecars, hooks,
# restart rules, deadlines; and that a restart of reconciled changes nothing.
. "$(dirname "$0")/story.sh"
begin "$@"
up
mkdir "$STORY/shared"
chmod 777 "$STORY/shared"

# manifest NAME [GRACE]: a pod whose containers write to /shared; the rest of
# its spec comes from standard input.
manifest()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: ${2-1}
  volumes: [{name: shared, hostPath: {path: $STORY/shared}}]
$(cat)
EOT
}

# container NAME COMMAND: one element of a list.
container()
{
	cat <<EOT
  - name: $1
    image: localhost/bb:1
    command: [sh, -c, "$2"]
    volumeMounts: [{name: shared, mountPath: /shared}]
EOT
}

# One that tells when it starts, and when it is asked to end.
teller='trap \"echo -$1 >>/shared/log; exit\" TERM; echo +$1 >>/shared/log;'
tells()
{
	local text="${teller//\$1/$1}"

	echo "$text while :; do sleep 0.1; done"
}

order()
{
	[ "$(cat "$STORY/shared/log" 2>/dev/null | tr '\n' ' ')" = "$1 " ]
}

# lines NAME: how many a container has written there.
lines()
{
	wc -l <"$STORY/shared/$1"
}

drop()
{
	rm "$TRIPOD_MANIFESTS/$1.yaml"
	await 20 absent "$1-node1"
	rm -f "$STORY/shared/"*
}

# Init containers and sidecars start in order; sidecars end last, backwards.
{
	echo '  initContainers:'
	container one 'sleep 0.3; echo one >>/shared/log'
	container side1 "$(tells side1)"
	echo '    restartPolicy: Always'
	container two 'sleep 0.3; echo two >>/shared/log'
	container side2 "$(tells side2)"
	echo '    restartPolicy: Always'
	cat <<-EOT
	    startupProbe:
	      periodSeconds: 1
	      exec: {command: [grep, +side2, /shared/log]}
	EOT
	echo '  containers:'
	container main "$(tells main)"
} | manifest init 10 | put init.yaml
await 30 running init-node1
await 5 order 'one +side1 two +side2 +main'
is init-node1 '.initContainers | map(.ready) | all' true
is init-node1 '.conditions.Initialized' true
side=$(ctl status -o json | jq -r '.pods[0].initContainers[1].containerID')
main=$(container_id init-node1)

# A restart of reconciled changes nothing of it.
crash reconciled
await 10 running init-node1
stays 1 is init-node1 '.containers[0].containerID' "containerd://$main"

# A sidecar that dies is started again; the others run on.
ctr task kill -s KILL "${side#*//}"
await 20 is init-node1 '.initContainers[1].restartCount' 1
await 20 running init-node1
is init-node1 '.containers[0].containerID' "containerd://$main"
# What runs has not yet said so.
await 5 order 'one +side1 two +side2 +main +side1'
: >"$STORY/shared/log"
rm "$TRIPOD_MANIFESTS/init.yaml"
await 20 absent init-node1
order '-main -side2 -side1'
rm -f "$STORY/shared/"*

# A failed init container is tried again; of a pod that never restarts it
# is the end.
{
	echo '  initContainers:'
	container first 'test -e /shared/again || { touch /shared/again; exit 3; }'
	echo '  containers:'
	container main 'sleep 1000'
} | manifest retry | put retry.yaml
await 30 running retry-node1
is retry-node1 '.initContainers[0].restartCount' 1
drop retry
{
	echo '  restartPolicy: Never'
	echo '  initContainers:'
	container first 'exit 3'
	echo '  containers:'
	container main 'sleep 1000'
} | manifest fails | put fails.yaml
await 30 is fails-node1 .phase Failed
is fails-node1 '.initContainers[0].state.exitCode' 3
drop fails

# Hooks: postStart runs before the next container, preStop before the end.
{
	echo '  containers:'
	container a "$(tells a)"
	cat <<-EOT
	    lifecycle:
	      postStart:
	        exec: {command: [sh, -c, "sleep 0.5; echo post >>/shared/log"]}
	      preStop:
	        exec: {command: [sh, -c, "echo pre >>/shared/log; sleep 0.5"]}
	EOT
	container b 'echo +b >>/shared/log; sleep 1000'
} | manifest hooks 10 | put hooks.yaml
await 30 order '+a post +b'
rm "$TRIPOD_MANIFESTS/hooks.yaml"
await 20 absent hooks-node1
order '+a post +b pre -a'
rm -f "$STORY/shared/"*

# A postStart hook that fails kills its container, which is started again.
{
	echo '  containers:'
	container main 'sleep 1000'
	cat <<-EOT
	    lifecycle:
	      postStart:
	        exec: {command: [sh, -c, "test -e /shared/x || { touch /shared/x; exit 1; }"]}
	EOT
} | manifest post | put post.yaml
await 40 is post-node1 '.containers[0].restartCount' 1
await 20 running post-node1
drop post

# A preStop hook that hangs ends with the grace period.
{
	echo '  containers:'
	container main 'exec sleep 1000'
	echo '    lifecycle: {preStop: {exec: {command: [sleep, "1000"]}}}'
} | manifest hangs 2 | put hangs.yaml
await 30 running hangs-node1
rm "$TRIPOD_MANIFESTS/hangs.yaml"
await 12 absent hangs-node1

# A deadline.
{
	echo '  activeDeadlineSeconds: 5'
	echo '  containers:'
	container main 'echo ran >>/shared/log; exec sleep 1000'
} | manifest late | put late.yaml
await 20 order ran
await 20 is late-node1 .phase Failed
is late-node1 .state DeadlineExceeded
crash reconciled
await 10 is late-node1 .phase Failed
stays 2 is late-node1 .phase Failed
drop late

# What ran once and ended is not run again: not by a restart of reconciled
# or of the runtime.
{
	echo '  restartPolicy: Never'
	echo '  containers:'
	container main 'echo ran >>/shared/log'
} | manifest once | put once.yaml
await 20 is once-node1 .phase Succeeded
crash reconciled
await 10 is once-node1 .phase Succeeded
"$rig" stop "$STORY/rig" containerd
"$rig" start "$STORY/rig" containerd
await 20 is once-node1 .phase Succeeded
stays 2 order ran
# Removed and put back it is another one.
mv "$TRIPOD_MANIFESTS/once.yaml" "$STORY/once.yaml"
await 20 absent once-node1
mv "$STORY/once.yaml" "$TRIPOD_MANIFESTS/once.yaml"
await 20 order 'ran ran'
await 20 is once-node1 .phase Succeeded
drop once

# Rules of a container: its own policy, one exit code, and all of them.
{
	echo '  restartPolicy: Never'
	echo '  containers:'
	container code 'test -e /shared/c || { touch /shared/c; exit 42; }; sleep 1000'
	cat <<-EOT
	    restartPolicy: Never
	    restartPolicyRules:
	    - {action: Restart, exitCodes: {operator: In, values: [42]}}
	EOT
	container own 'test -e /shared/o || { touch /shared/o; exit 1; }; sleep 1000'
	echo '    restartPolicy: OnFailure'
} | manifest rules | put rules.yaml
await 30 is rules-node1 '.containers | map(.restartCount) | add' 2
await 20 running rules-node1
stays 1 is rules-node1 '.containers | map(.restartCount) | add' 2
drop rules
{
	echo '  initContainers:'
	container setup 'echo setup >>/shared/log'
	echo '  containers:'
	container a 'echo a >>/shared/log; test -e /shared/a && exec sleep 1000; touch /shared/a; until test -e /shared/b; do sleep 0.1; done; exit 42'
	cat <<-EOT
	    restartPolicy: Always
	    restartPolicyRules:
	    - {action: RestartAllContainers, exitCodes: {operator: In, values: [42]}}
	EOT
	container b 'echo b >>/shared/b; exec sleep 1000'
} | manifest all | put all.yaml
await 40 order 'setup a setup a'
await 20 running all-node1
await 5 eval '[ "$(lines b)" = 2 ]'
drop all

# The back-off of a crash loop outlives a restart of reconciled: ten seconds
# are between the second end and the third start.
{
	echo '  containers:'
	container main 'date +%s >>/shared/log; exit 1'
} | manifest loop | put loop.yaml
await 30 is loop-node1 '.containers[0].state.reason' CrashLoopBackOff
crash reconciled
await 30 eval '[ "$(lines log)" -ge 3 ]'
{ read -r _; read -r second; read -r third; } <"$STORY/shared/log"
[ $((third - second)) -ge 10 ]
drop loop
