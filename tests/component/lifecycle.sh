#!/bin/bash
# A manifest is put in place, edited, broken, moved away and back, removed.
. "$(dirname "$0")/story.sh"
begin "$@"
up

pod web 1 'echo first; exec sleep 1000' | put web.yaml
await 20 running web-node1
log_of web-node1 | grep -q 'stdout F first'
first=$(pid_of web-node1)
[ -n "$first" ]
ls "$TRIPOD_LOGS/containers" | grep -q '^web-node1_default_main-'

# The same content again, or another layout of it, restarts nothing.
{ echo '# a comment'; pod web 1 'echo first; exec sleep 1000'; } | put web.yaml
stays 1 [ "$(pid_of web-node1)" = "$first" ]

# An update: another image, the old process is gone.
pod web 2 | put web.yaml
await 20 is web-node1 '.containers[0].image' localhost/bb:2
await 20 running web-node1
[ ! -e "/proc/$first" ]
second=$(pid_of web-node1)

# Broken: the error is shown, the pod stays.
pod web 2 | sed 's/image:/imagine:/' | put web.yaml
await 10 refused web.yaml 'imagine'
stays 2 [ "$(pid_of web-node1)" = "$second" ]

# An update whose image is not to be had: the old one stays, too.
pod web 2 | sed 's/bb:2/missing:1/; s/command:/imagePullPolicy: Never\n    command:/' |
    put web.yaml
await 10 sh -c "'$TRIPOD_BIN/tripodctl' -s '$TRIPOD_CONTROL' status |
    grep -q ErrImageNeverPull"
stays 1 [ -e "/proc/$second" ]
pod web 2 | put web.yaml
await 20 running web-node1

# Moved away: it ends.  Back: it runs again.
mv "$TRIPOD_MANIFESTS/web.yaml" "$STORY/web.yaml"
await 20 absent web-node1
[ ! -e "/proc/$second" ]
mv "$STORY/web.yaml" "$TRIPOD_MANIFESTS/web.yaml"
await 20 running web-node1

# Removed: nothing is left of it.
rm "$TRIPOD_MANIFESTS/web.yaml"
await 20 absent web-node1
[ -z "$(ctr containers ls -q)" ]
[ -z "$(ls "$TRIPOD_LOGS/pods" "$TRIPOD_LOGS/containers" | grep web)" ]
[ -z "$(ls "$STORY/rig/state/pods")" ]
