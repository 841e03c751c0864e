#!/bin/bash
# The whole way: a manifest becomes a mirror pod that nobody can spoil.
. "$(dirname "$0")/story.sh"
begin "$@"
api()
{
	python3 "$here/../lib/demo-api" "$STORY/api" "$@"
}

is_new()
{
	local uid

	uid=$(api uid)
	[ -n "$uid" ] && [ "$uid" != "$1" ]
}

listed()
{
	api pods | grep -Eq "$1"
}

pod hello 1 >"$STORY/hello.yaml"
"$rig" apiserver up "$STORY/api" --node node1 >/dev/null
up --kubeconfig "$STORY/api/node.kubeconfig"
put hello.yaml <"$STORY/hello.yaml"
await 20 is_new ''
await 10 listed 'default/hello-node1  Running'
await 5 is hello-node1 .mirror.state present
pid=$(pid_of hello-node1)
uid=$(api uid)

# Deleted by force: there again, the container untouched.
api delete
await 10 is_new "$uid"
uid=$(api uid)
await 10 listed 'default/hello-node1  Running'
[ "$(pid_of hello-node1)" = "$pid" ]

# A restart of reconciled is not seen there: no pod becomes unready, none is
# deleted.
writes()
{
	jq -r 'select(.method != "GET" and (.path | test("/pods"))) |
	    "\(.method) \(.path) \(.body // "" | tostring)"' \
	    "$STORY/api/requests.log"
}
before=$(writes | wc -l)
[ "$before" -gt 0 ]
crash reconciled
await 10 peer_is_up mirrord
await 10 is hello-node1 .mirror.state present
await 10 running hello-node1
writes | tail -n +$((before + 1)) >"$STORY/writes"
[ ! -s "$STORY/writes" ] || {
	cat "$STORY/writes"
	fail 'the restart was seen'
}
[ "$(api uid)" = "$uid" ]

# The API server goes away: nothing changes, and changes go on.
"$rig" apiserver down "$STORY/api"
pod hello 2 | put hello.yaml
await 20 is hello-node1 '.containers[0].image' localhost/bb:2
await 20 running hello-node1

# It comes back: the mirror is the new one.
"$rig" apiserver up "$STORY/api" --node node1 >/dev/null
await 60 is_new "$uid"
await 20 listed 'default/hello-node1  Running'

# Removed: the mirror goes.
rm "$TRIPOD_MANIFESTS/hello.yaml"
await 20 absent hello-node1
gone() { [ -z "$(api uid)" ]; }
await 10 gone
