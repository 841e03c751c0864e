#!/bin/bash
# The uid of a pod, worked out with jq and sha256sum as identity.h says it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
fixtures=$here/../fixtures
watcherd=$TRIPOD_BIN/watcherd

# uid_of FILE: as watcherd sees it.
uid_of()
{
	"$watcherd" -t -v -N Node1 "$1" 2>/dev/null |
	    sed -n 's/.*: valid: pod .*, uid //p'
}

# digest FILE: of the JSON on standard input, for a file of that name.
digest()
{
	{
		printf 'tripod-uid-v1\0'
		jq -cSj 'del(.metadata.namespace | select(. == "default"))'
		printf '\0host:node1\0file:%s' "${1##*/}"
	} | sha256sum | cut -c1-32
}

# same WHAT ONE TWO
same()
{
	[ -n "$2" ] || fail "$1: no uid"
	[ "$2" = "$3" ] || fail "$1: $2 and $3"
}

web=$STORY/web.yaml
cat >"$web" <<EOF
# Says as little as it can.
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {b: "2", a: "1"}, creationTimestamp: null}
spec:
  containers:
  - {name: main, image: x, env: [{value: "é\"\\\\\t", name: A}],
     ports: [{containerPort: 0x50}], lifecycle: {},
     securityContext: {capabilities: {add: []}},
     resources: {limits: {memory: 1073741824, cpu: 0.5}}}
  volumes: [{name: v}]
  affinity: {nodeAffinity: {}}
status: {phase: Running}
EOF
# The same pod by hand, with everything that is left out above.
cat >"$STORY/by-hand.json" <<'EOF'
{
  "kind": "Pod", "apiVersion": "v1",
  "spec": {
    "volumes": [{"emptyDir": {}, "name": "v"}],
    "terminationGracePeriodSeconds": 30,
    "securityContext": {},
    "schedulerName": "default-scheduler",
    "restartPolicy": "Always",
    "enableServiceLinks": true,
    "dnsPolicy": "ClusterFirst",
    "containers": [{
      "terminationMessagePolicy": "File",
      "terminationMessagePath": "/dev/termination-log",
      "resources": {
        "requests": {"memory": "1Gi", "cpu": "500m"},
        "limits": {"memory": "1Gi", "cpu": "500m"}
      },
      "ports": [{"protocol": "TCP", "containerPort": 80}],
      "name": "main",
      "imagePullPolicy": "Always",
      "image": "x",
      "env": [{"value": "é\"\\\t", "name": "A"}]
    }]
  },
  "metadata": {
    "namespace": "default", "name": "web", "labels": {"b": "2", "a": "1"}
  }
}
EOF

by_hand()
{
	same 'by hand' "$(uid_of "$web")" "$(digest "$web" <"$STORY/by-hand.json")"
	# Written as a manifest, it is the same pod in a file of that name.
	mkdir "$STORY/other"
	cp "$STORY/by-hand.json" "$STORY/other/web.yaml"
	same 'as a manifest' "$(uid_of "$web")" "$(uid_of "$STORY/other/web.yaml")"
}

rendered()
{
	local file form again=$STORY/again

	mkdir "$again"
	for file in "$web" "$fixtures/manifests/etcd.yaml" \
	    "$fixtures/manifests/crlf-bom.yaml"; do
		same "$file" "$(uid_of "$file")" \
		    "$("$watcherd" -R -N node1 -o json "$file" | digest "$file")"
		same "bytes of $file" "$(uid_of "$file")" \
		    "$("$watcherd" -R -N node1 -o identity "$file" |
			sha256sum | cut -c1-32)"
		for form in yaml json; do
			"$watcherd" -R -o $form "$file" >"$again/${file##*/}"
			same "$file as $form" "$(uid_of "$file")" \
			    "$(uid_of "$again/${file##*/}")"
		done
	done
}

# ends STATUS COMMAND...: with that status; output is kept.
ends()
{
	local want=$1 got=0

	shift
	"$@" >"$STORY/out" 2>"$STORY/err" || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want"
}

by_hand
rendered
# What is wrong is told, and nothing is written.
ends 1 "$watcherd" -R "$fixtures/manifests/wrong-types.yaml"
[ ! -s "$STORY/out" ] || fail 'something was written'
grep -q ':4:9: metadata.name: must be a string' "$STORY/err"
# shellcheck disable=SC2016 # the inner shell's variables
ends 74 sh -c 'exec "$0" -R "$1" >/dev/full' "$watcherd" "$web"
ends 66 "$watcherd" -R "$STORY/nothing"
ends 64 "$watcherd" -R
ends 64 "$watcherd" -R -o xml "$web"
