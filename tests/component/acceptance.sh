#!/bin/bash
# What node tests of Kubernetes ask of static pods and their mirrors, by the
# numbers of that list; the whole way, with shorter times.
#
#  1-3	 here		 7	 whole.sh		14-18	here
#  4	 here		 8	 here			19	refused: policy
#  5, 6	 mirror.sh	 9	 hung.sh		20	nothing evicts
#	 whole.sh	10-13	 here			21	network.sh
. "$(dirname "$0")/story.sh"
begin "$@"

api()
{
	local path=$1

	shift
	curl -sf -m 20 --cacert "$STORY/api/ca.crt" \
	    --cert "$STORY/api/admin.crt" --key "$STORY/api/admin.key" "$@" \
	    "$TRIPOD_API_URL$path"
}

# mirror POD EXPRESSION: jq on the mirror; nothing without one.
mirror()
{
	api "/api/v1/namespaces/default/pods/$1" | jq -r "$2"
}

# shows POD EXPRESSION [VALUE]: of the mirror, or that it holds.
shows()
{
	[ "$(mirror "$1" "$2")" = "${3-true}" ]
}

no_mirror()
{
	! mirror "$1" .metadata.uid >/dev/null
}

# Running in all its containers, but another one than before: UID.
replaced()
{
	shows "$1" ".metadata.uid != \"$2\" and .status.phase == \"Running\" and
	    ([.status.containerStatuses[].ready] | all)"
}

# lasts POD: the mirror is untouched while the pod ends.
lasts()
{
	shows "$1" '.metadata.uid + " " + .status.phase' "$uid Running"
}

uid_of()
{
	mirror "$1" .metadata.uid
}

# lose CONTAINER: the runtime loses it while reconciled is away.
lose()
{
	ctr task rm -f "$1" >/dev/null 2>&1 || : # it may have ended
	ctr containers rm "$1"
	# What it keeps in memory, too.
	"$rig" stop "$STORY/rig" containerd
	"$rig" start "$STORY/rig" containerd
}

agent()
{
	"$rig" "$1" "$STORY/rig" reconciled
}

variables=$("$rig" apiserver up "$STORY/api" --node node1)
eval "$variables"
up --kubeconfig "$TRIPOD_API_NODE"

# probed GRACE [BUILD]: a pod with all that a restart of the agent could harm.
probed()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata: {name: probed}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  initContainers:
  - {name: first, image: "localhost/bb:1", command: ["true"]}
  - name: side
    image: localhost/bb:1
    command: [sh, -c, exec sleep 1000]
    restartPolicy: Always
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, exec sleep 1000]
    startupProbe: {exec: {command: ["true"]}, periodSeconds: 1}
    readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
EOT
}

# 1, 2, 3: a mirror as it must be.
probed | put probed.yaml
await 30 replaced probed-node1 ''
node=$(api /api/v1/nodes/node1 | jq -r .metadata.uid)
shows probed-node1 '.metadata.annotations |
    (.["kubernetes.io/config.hash"] | length > 0) and
    .["kubernetes.io/config.hash"] == .["kubernetes.io/config.mirror"] and
    .["kubernetes.io/config.source"] == "file"'
shows probed-node1 ".metadata.ownerReferences == [{apiVersion: \"v1\",
    kind: \"Node\", name: \"node1\", uid: \"$node\", controller: true}]"

# 11: a restart of the agent, as all who watch the mirror see it.
await 10 running probed-node1
uid=$(uid_of probed-node1)
version=$(api /api/v1/pods | jq -r .metadata.resourceVersion)
api "/api/v1/pods?watch=1&resourceVersion=$version" -N -m 600 \
    >"$STORY/watched" &
watcher=$!
crash reconciled
await 20 peer_is_up mirrord
await 20 running probed-node1
stays 3 shows probed-node1 .metadata.uid "$uid"

# 12: what is initialised stays so, though the proof is lost.
first=$(of probed-node1 '.initContainers[0].containerID')
main=$(container_id probed-node1)
agent stop
lose "${first#*//}"
agent start
await 20 running probed-node1
await 20 shows probed-node1 '.status.initContainerStatuses[0].state.terminated |
    .reason == "Completed" and .exitCode == 0 and (.message | length > 0)'
stays 2 is probed-node1 '.containers[0].containerID' "containerd://$main"

# 13: a sidecar lost in the same way is another one.
side=$(of probed-node1 '.initContainers[1].containerID')
kill $watcher
jq -r '.object | select(.metadata.name == "probed-node1" and
    (.status.phase != "Running" or ([.status.containerStatuses[] |
    .ready and .started] | all | not))) | .metadata.resourceVersion' \
    "$STORY/watched" >"$STORY/unready"
[ ! -s "$STORY/unready" ] || {
	cat "$STORY/watched"
	fail 'the restart was seen'
}
agent stop
lose "${side#*//}"
agent start
await 20 eval 'is probed-node1 \
    "(.initContainers[1].containerID != \"$side\") and .initContainers[1].ready" true'
await 20 running probed-node1
is probed-node1 '.containers[0].containerID' "containerd://$main"

# 14: the manifest goes while the agent is away.
agent stop
rm "$TRIPOD_MANIFESTS/probed.yaml"
agent start
await 20 absent probed-node1
await 10 no_mirror probed-node1
[ -z "$(ctr containers ls -q)" ]

# 4, 10: every change makes a new mirror, of the first generation.
# changed VERSION DEADLINE BUILD INIT
changed()
{
	pod changed "$3" | sed "s/^spec:/&\n  activeDeadlineSeconds: $2\n  initContainers: [{name: first, image: \"localhost\/bb:$4\", command: [\"true\"]}]/"
}
uid=
for change in '1000 1 1' '1001 1 1' '1001 2 1' '1001 2 2'; do
	# shellcheck disable=SC2086 # three words
	changed '' $change | put changed.yaml
	await 30 replaced changed-node1 "$uid"
	read -r deadline build init <<<"$change"
	shows changed-node1 "(.spec.activeDeadlineSeconds == $deadline) and
	    (.spec.containers[0].image == \"localhost/bb:$build\") and
	    (.spec.initContainers[0].image == \"localhost/bb:$init\") and
	    (.metadata.generation // 1) == 1 and
	    (.status.observedGeneration // 0) == 0"
	uid=$(uid_of changed-node1)
done

# ends POD: the one that was there, and not its successor.
ends()
{
	ctl status -o json |
	    jq -e ".pods | any(.name == \"$1\" and .terminating)" >/dev/null
}

# deaf VERSION [BUILD]: takes all of its time to end.
deaf()
{
	pod deaf "${2-1}" "trap '' TERM; echo up; while :; do sleep 0.1; done" |
	    sed "s/^metadata:/&\n  labels: {version: \"$1\"}/;
	    s/GracePeriodSeconds: 1/GracePeriodSeconds: 5/"
}

# 8: put back while it ends: the same pod again, started once more.
deaf 0 | put deaf.yaml
await 20 replaced deaf-node1 ''
await 5 eval 'log_of deaf-node1 | grep -q up'
mv "$TRIPOD_MANIFESTS/deaf.yaml" "$STORY/deaf.yaml"
await 5 ends deaf-node1
mv "$STORY/deaf.yaml" "$TRIPOD_MANIFESTS/deaf.yaml"
await 20 shows deaf-node1 '.status.containerStatuses[0].restartCount' 1
await 20 replaced deaf-node1 ''
stays 3 shows deaf-node1 '.status |
    .phase == "Running" and .containerStatuses[0].restartCount == 1'

# 16, 17: many changes while it ends: it has its time, the last one wins.
await 5 eval '[ "$(log_of deaf-node1 | grep -c up)" = 2 ]'
uid=$(uid_of deaf-node1)
deaf 1 2 | put deaf.yaml
await 5 ends deaf-node1
deaf VERSION 2 >"$STORY/deaf.yaml"
python3 - "$STORY/deaf.yaml" "$TRIPOD_MANIFESTS" <<'PY' &
import os, sys, time
text = open(sys.argv[1]).read()
os.umask(0o077)
for version in range(2, 301):
    with open(sys.argv[2] + "/.deaf.yaml", "w") as file:
        file.write(text.replace("VERSION", str(version)))
    os.rename(file.name, sys.argv[2] + "/deaf.yaml")
    time.sleep(0.005)
PY
writer=$!
stays 2 lasts deaf-node1
wait "$writer"
await 30 shows deaf-node1 .metadata.labels.version 300
await 20 replaced deaf-node1 "$uid"
shows deaf-node1 '.spec.containers[0].image' localhost/bb:2
[ "$(ctr task ls | grep -c RUNNING)" = 4 ]

# 15, 18: removed, and the runtime goes away meanwhile.
uid=$(uid_of deaf-node1)
rm "$TRIPOD_MANIFESTS/deaf.yaml"
await 5 ends deaf-node1
stays 2 lasts deaf-node1
"$rig" stop "$STORY/rig" containerd
stays 4 lasts deaf-node1
ends deaf-node1
"$rig" start "$STORY/rig" containerd
await 20 no_mirror deaf-node1
await 10 absent deaf-node1
