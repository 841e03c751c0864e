#!/bin/bash
# Pods that come, crash, leave much behind and go cost the daemons no
# descriptor, and the machine no mount.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
up

child_of() { pgrep -P "$1" -x "$2"; }
descriptors()
{
	local pid

	for pid in "$reconciled" "$mounter" "$finder" "$lender" "$spawner" \
	    "$prober" "$watcherd"; do
		find "/proc/$pid/fd" -mindepth 1 | wc -l
	done
}
mounts() { grep -c " $STORY/rig/state" /proc/self/mountinfo; }
trash_is_empty() { ! ls -A "$STORY/rig/state/pods" | grep '^\.trash'; }

# All that a pod can have of files; ends by itself once, and is probed.
all()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata: {name: all}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  securityContext: {fsGroup: 3000}
  volumes:
  - {name: work, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory}}
  - name: about
    downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, 'cd /work; [ -e again ] || {
        for i in \$(seq 100); do
            mkdir d; cd d; echo > "\$i"; mkfifo "f\$i"; done;
        cd /work; touch again; exit 1; }; exec sleep 1000']
    readinessProbe: {tcpSocket: {port: 1}, periodSeconds: 1}
    livenessProbe: {exec: {command: [head, -c, "2000000", /dev/zero]}, periodSeconds: 1}
    volumeMounts:
    - {name: work, mountPath: /work}
    - {name: work, mountPath: /sub, subPath: sub/of/it}
    - {name: memory, mountPath: /memory}
    - {name: memory, mountPath: /part, subPath: part}
    - {name: about, mountPath: /about}
EOT
}
again() { is all-node1 '.containers[0].restartCount' 1; }
once()
{
	all | put all.yaml
	await 20 again
	rm "$TRIPOD_MANIFESTS/all.yaml"
	await 20 absent all-node1
	await 20 trash_is_empty
}

reconciled=$(daemon_pid reconciled) watcherd=$(daemon_pid watcherd)
mounter=$(child_of "$reconciled" mounter)
finder=$(child_of "$reconciled" finder) lender=$(child_of "$reconciled" lender)
spawner=$(child_of "$reconciled" tripod-spawner)
await 10 child_of "$spawner" tripod-prober >/dev/null
prober=$(child_of "$spawner" tripod-prober)
once
# What libraries keep, they have now; helpers have processes for a while.
quiet() { ! pgrep -P "$mounter,$finder,$lender" >/dev/null; }
await 10 quiet
before=$(descriptors)
[ "$(mounts)" = 0 ]
for _ in 1 2 3; do
	once
done
settled() { quiet && [ "$(descriptors)" = "$before" ]; }
await 10 settled
[ "$(mounts)" = 0 ]
[ "$(daemon_pid reconciled)" = "$reconciled" ]
[ "$(child_of "$spawner" tripod-prober)" = "$prober" ]
# The command of the probe printed too much, which says nothing of the pod.
grep -q 'Liveness probe errored: .*answer is too big' \
    "$STORY/rig/log/reconciled.log"
