#!/bin/bash
# What is not ours is never touched.
. "$(dirname "$0")/story.sh"
begin "$@"
up
stranger=stranger-${STORY##*.} # names of cgroups are the machine's
ctr run -d --null-io localhost/bb:1 "$stranger" sh -c 'exec sleep 1000'
pod ours 1 | put ours.yaml
await 20 running ours-node1
rm "$TRIPOD_MANIFESTS/ours.yaml"
await 20 absent ours-node1
crash reconciled
stays 2 sh -c "ctr -a '$TRIPOD_RUNTIME' -n k8s.io task ls |
    grep -q '$stranger.*RUNNING'"
ctr task kill -s KILL "$stranger"
