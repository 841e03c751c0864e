#!/bin/bash
# Probes of all kinds on real pods: what they find shows in the status, ends
# what hangs, and waits for what starts slowly.  Nobody's end but a pod's own
# trouble costs a container.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# probed NAME COMMAND PROBES: a manifest; PROBES is indented by 4.
probed()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata:
  name: $1
spec:
  terminationGracePeriodSeconds: 30
  volumes:
  - name: tools
    hostPath: {path: $STORY/tools}
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, "$2"]
    ports:
    - {name: web, containerPort: 8080}
    volumeMounts:
    - {name: tools, mountPath: /tools}
$3
EOT
}

# run POD COMMAND...: in its container.
run()
{
	ctr task exec --exec-id "x$((serial += 1))" "$(container_id "$1")" \
	    "${@:2}"
}
serial=0

ready() { is "$1" '.containers[0].ready' true; }
unready()
{
	is "$1" '[.phase, .containers[0].state.kind?, .containers[0].ready]
	    | [.[0], .[2]] | tostring' '["Running",false]'
}
started() { is "$1" '.containers[0].started' "$2"; }
restarts() { is "$1" '.containers[0].restartCount' "$2"; }
logged() { grep -q "$1" "$STORY/rig/log/reconciled.log"; }

install -m 755 -D "$TRIPOD_OBJ/tests/component/grpc_server" \
    "$STORY/tools/grpc_server"
chmod 755 "$STORY/tools"

# Readiness, by each kind of handler: comes and goes with what it looks at.
probed http 'mkdir /w; httpd -f -p 8080 -h /w' '    readinessProbe:
      httpGet: {port: web, path: "/ok?a=b"}
      periodSeconds: 1
      failureThreshold: 2' | put http.yaml
probed exec 'exec sleep 1000' '    env:
    - {name: WHAT, value: /ok}
    readinessProbe:
      exec: {command: [cat, $(WHAT)]}
      periodSeconds: 1
      failureThreshold: 1' | put exec.yaml
probed tcp 'while :; do [ ! -e /ok ] || nc -l -p 9; sleep 0.1; done' \
    '    readinessProbe:
      tcpSocket: {port: 9}
      periodSeconds: 1' | put tcp.yaml
probed grpc 'exec /tools/grpc_server 9000 /ok' '    readinessProbe:
      grpc: {port: 9000}
      periodSeconds: 1
      failureThreshold: 1' | put grpc.yaml
for pod in http exec tcp grpc; do
	await 20 unready $pod-node1
done
await 5 logged 'http-node1: main: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404'
await 5 logged "exec-node1: main: Unhealthy: Readiness probe failed: cat: can't open '/ok'"
await 5 logged 'tcp-node1: main: Unhealthy: Readiness probe failed: Connection refused'
await 5 logged 'grpc-node1: main: Unhealthy: Readiness probe failed: service unhealthy (responded with NOT_SERVING)'
for pod in http exec tcp grpc; do
	stays 1 unready $pod-node1
done
run http-node1 touch /w/ok
for pod in exec tcp grpc; do
	run $pod-node1 touch /ok
done
for pod in http exec tcp grpc; do
	await 10 ready $pod-node1
done
run http-node1 rm /w/ok
run exec-node1 rm /ok
run grpc-node1 rm /ok
for pod in http exec grpc; do
	await 10 unready $pod-node1
	restarts $pod-node1 0
done
run exec-node1 touch /ok
await 10 ready exec-node1

# A restart of reconciled: ready stays ready.
crash reconciled
await 10 ready exec-node1
stays 1 ready exec-node1
await 10 unready http-node1
for pod in http exec tcp grpc; do
	restarts $pod-node1 0
	rm "$TRIPOD_MANIFESTS/$pod.yaml"
done
