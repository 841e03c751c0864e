#!/bin/bash
# tripodctl apply: from a file to a ready pod, and back when it fails.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# code N COMMAND...: it ends with N; its output is in out.
code()
{
	local got=0

	"${@:2}" >"$STORY/out" 2>&1 || got=$?
	[ $got = "$1" ] || fail "exit status $got, not $1: ${*:2}:" \
	    "$(cat "$STORY/out")"
}

said()
{
	grep -Eq -- "$1" "$STORY/out" ||
	    fail "not said: $1; but: $(cat "$STORY/out")"
}

# names: what is in the folder.
names() { ls -A "$TRIPOD_MANIFESTS" | paste -sd ' '; }
image() { of web-node1 '.containers[0].image'; }

# A new one: ready when it returns, its owner's alone, nothing left beside.
pod web 1 >"$STORY/web.yaml"
code 0 ctl apply "$STORY/web.yaml"
said '^web.yaml: put in place in '
said '^web.yaml: ready$'
running web-node1
[ "$(names)" = web.yaml ]
[ "$(stat -c '%a %u' "$TRIPOD_MANIFESTS/web.yaml")" = '600 0' ]
cmp "$STORY/web.yaml" "$TRIPOD_MANIFESTS/web.yaml"

# The same again: nothing happens, nothing restarts.
old=$(container_id web-node1)
code 0 ctl apply "$STORY/web.yaml"
said '^web.yaml: unchanged'
[ "$(names)" = web.yaml ]
[ "$(container_id web-node1)" = "$old" ]

# Another one: it keeps its mode, and the one before.
chmod 640 "$TRIPOD_MANIFESTS/web.yaml"
pod web 2 | code 0 ctl apply --name web.yaml -
[ "$(image)" = localhost/bb:2 ]
[ "$(names)" = '.web.yaml.previous web.yaml' ]
cmp "$STORY/web.yaml" "$TRIPOD_MANIFESTS/.web.yaml.previous"
[ "$(stat -c %a "$TRIPOD_MANIFESTS/web.yaml")" = 640 ]

# One that is not valid changes nothing.
old=$(container_id web-node1)
pod web 3 | sed 's/hostNetwork/hostnetwork/' >"$STORY/bad.yaml"
code 1 ctl apply --name web.yaml "$STORY/bad.yaml"
said '^web.yaml:[0-9]+:[0-9]+: .*hostnetwork'
[ "$(container_id web-node1)" = "$old" ]
[ "$(names)" = '.web.yaml.previous web.yaml' ]

# One that does not become ready: why, and the way back, which works.
pod web 2 'exit 7' | code 1 ctl apply --timeout 5s --name web.yaml -
said 'not ready in time: default/web-node1: container main: .*back-off.*code 7'
said '^To go back: '
back=$(sed -n 's/^To go back: //p' "$STORY/out")
code 0 sh -c "$back"
code 0 ctl wait web --for ready --timeout 20s
[ "$(image)" = localhost/bb:2 ]
[ "$(names)" = web.yaml ]

# What the policy refuses is found out in place.
pod other | sed 's/^spec:/&\n  nodeSelector: {some: where}/' \
    >"$STORY/other.yaml"
code 1 ctl apply --timeout 20s "$STORY/other.yaml"
said '^other.yaml:.* NodeAffinity: '
code 0 sh -c "$(sed -n 's/^To go back: //p' "$STORY/out")"
[ "$(names)" = web.yaml ]

# A pod that another file has.
code 1 ctl apply --name xweb.yaml --timeout 20s "$STORY/web.yaml"
said 'xweb.yaml'
code 0 sh -c "$(sed -n 's/^To go back: //p' "$STORY/out")"
[ "$(names)" = web.yaml ]

# Two pods in a file, one that does its work and ends.
{ pod two; echo ---; pod job 1 'exit 0' |
    sed 's/^spec:/&\n  restartPolicy: Never/'; } >"$STORY/both.yaml"
code 0 ctl apply "$STORY/both.yaml"
running two-node1
is job-node1 .phase Succeeded
rm "$TRIPOD_MANIFESTS/both.yaml"

# What cannot be read, named or written.
code 66 ctl apply "$STORY/nobody.yaml"
code 66 ctl apply - </dev/null
code 66 ctl apply --name ../web.yaml "$STORY/web.yaml"
head -c 2000000 /dev/zero >"$STORY/big.yaml"
code 66 ctl apply "$STORY/big.yaml"
group=$(stat -c %g "$TRIPOD_CONTROL")
chmod 755 "$TRIPOD_MANIFESTS"
pod web 3 >"$STORY/web.yaml"
chmod 644 "$STORY/web.yaml"
code 73 setpriv --reuid 65534 --regid "$group" --clear-groups \
    "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" apply "$STORY/web.yaml"
[ "$(image)" = localhost/bb:2 ]
code 64 ctl apply
code 64 ctl apply --timeout soon "$STORY/web.yaml"
