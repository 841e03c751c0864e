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
