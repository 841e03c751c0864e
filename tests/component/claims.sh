#!/bin/bash
# Two files for one pod: the first by name has it, the other one waits for
# its turn.  No other pod of these files notices.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# from FILE: the pod runs, and that file is where it comes from.
from() { running one-node1 && is one-node1 .manifest "$1"; }

pod one 1 | put m.yaml
await 20 running one-node1
pid=$(pid_of one-node1)

# A later name waits, and leaves without a trace.
pod one 2 | put z.yaml
await 10 refused z.yaml 'm.yaml defines the pod default/one-node1 already'
stays 1 [ -e "/proc/$pid" ]
rm "$TRIPOD_MANIFESTS/z.yaml"
stays 1 [ -e "/proc/$pid" ]

# An earlier name takes it over, and gives it back when it is gone ...
pod one 2 | put a.yaml
await 20 from a.yaml
await 10 refused m.yaml 'a.yaml defines the pod default/one-node1 already'
is one-node1 '.containers[0].image' localhost/bb:2
rm "$TRIPOD_MANIFESTS/a.yaml"
await 20 from m.yaml
is one-node1 '.containers[0].image' localhost/bb:1

# ... or becomes another pod.  A broken one still has what it had.
pod one 2 | put a.yaml
await 20 from a.yaml
pid=$(pid_of one-node1)
echo broken | put a.yaml
await 10 refused a.yaml 'goes on as last defined'
stays 1 [ -e "/proc/$pid" ]
pod other 1 | put a.yaml
await 20 from m.yaml
await 20 running other-node1
rm "$TRIPOD_MANIFESTS/a.yaml"
await 20 absent other-node1

# It does not depend on who was there first.
pid=$(pid_of one-node1)
pod one 2 | put z.yaml
crash reconciled
await 10 refused z.yaml 'm.yaml defines'
stays 1 [ -e "/proc/$pid" ]
rm "$TRIPOD_MANIFESTS/z.yaml"

# An explicit uid is one pod, too, whatever file and name it comes with.
explicit() { pod "$1" 1 | sed 's/^metadata:/&\n  uid: mine/'; }
explicit two | put n.yaml
await 20 running two-node1
explicit three | put o.yaml
await 10 refused o.yaml 'n.yaml gives the uid mine to the pod default/two-node1'
pid=$(pid_of two-node1)
mv "$TRIPOD_MANIFESTS/n.yaml" "$TRIPOD_MANIFESTS/b.yaml"
await 20 is two-node1 .manifest b.yaml
stays 1 [ -e "/proc/$pid" ]
rm "$TRIPOD_MANIFESTS/b.yaml"
await 20 running three-node1
absent two-node1

# Renamed while reconciled is away: it runs on under the new name.
"$rig" stop "$STORY/rig" reconciled
mv "$TRIPOD_MANIFESTS/m.yaml" "$TRIPOD_MANIFESTS/c.yaml"
"$rig" start "$STORY/rig" reconciled
await 30 is one-node1 .manifest c.yaml
await 30 running one-node1
