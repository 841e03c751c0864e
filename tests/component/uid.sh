#!/bin/bash
# An explicit uid: another content under the same uid.
. "$(dirname "$0")/story.sh"
begin "$@"
up

explicit() { pod web "$1" | sed 's/^metadata:/&\n  uid: mine/'; }
explicit 1 | put web.yaml
await 20 running web-node1
first=$(pid_of web-node1)

# It runs on until the images of an edit are there.
explicit 2 | sed 's/bb:2/missing:1/; s/command:/imagePullPolicy: Never\n    command:/' |
    put web.yaml
await 10 grep -q ErrImageNeverPull "$STORY/rig/log/reconciled.log"
stays 1 [ -e "/proc/$first" ]
# And if the edit is taken back.
explicit 1 | put web.yaml
await 10 running web-node1
stays 1 [ -e "/proc/$first" ]

# It restarts once: what is left of the old content, its last container in
# its dead sandbox, is no reason to end the new one.
explicit 2 | put web.yaml
await 20 is web-node1 '.containers[0].image' localhost/bb:2
await 20 running web-node1
[ ! -e "/proc/$first" ]
second=$(pid_of web-node1)
crash containerd
await 20 running web-node1
stays 3 [ -e "/proc/$second" ]
is web-node1 '.containers[0].restartCount' 1

# While an edit waits for its images the pod goes on by what it was made of:
# it is started again when it ends, probed, and ends with its own hook.
kept()
{
	explicit "$1" | sed 's/name: web/name: kept/; s/: mine/: third/
	    s/GracePeriodSeconds: 1/GracePeriodSeconds: 20/
	    s/^  containers:/  volumes: [{name: out, hostPath: {path: OUT}}]\
&/
	    s/^    image:/    volumeMounts: [{name: out, mountPath: \/out}]\
    readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}\
    lifecycle: {preStop: {exec: {command: [sh, -c, "echo HOOK >>\/out\/hook"]}}}\
&/' | sed "s,OUT,$STORY/out,; s/HOOK/$1/"
}
mkdir -m 777 "$STORY/out"
kept 1 | put kept.yaml
await 20 running kept-node1
pid=$(pid_of kept-node1)
kept 2 | sed 's/bb:2/missing:1/; s/^    command:/    imagePullPolicy: Never\n&/' |
    put kept.yaml
waits() { ctl status kept | grep -q 'new definition waits for the image of'; }
await 10 waits
stays 1 running kept-node1
kill -9 "$pid"
await 20 is kept-node1 '.containers[0].restartCount' 1
await 20 running kept-node1
is kept-node1 '.containers[0].image' localhost/bb:1
[ ! -e "$STORY/out/hook" ]
kept 2 | put kept.yaml
await 30 is kept-node1 '.containers[0].image' localhost/bb:2
await 20 running kept-node1
[ "$(cat "$STORY/out/hook")" = 1 ]
rm "$TRIPOD_MANIFESTS/kept.yaml"
await 30 absent kept-node1
[ "$(cat "$STORY/out/hook")" = "1
2" ]

# One that has finished runs again for another content only.
once()
{
	explicit 1 | sed 's/name: web/name: once/; s/: mine/: other/
	    s/exec sleep 1000/exit '"$1"'/
	    s/^spec:/&\n  restartPolicy: Never/'
}
once 0 | put once.yaml
await 20 is once-node1 .phase Succeeded
once 3 | put once.yaml
await 20 is once-node1 .phase Failed
