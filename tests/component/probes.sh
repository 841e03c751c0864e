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

# ready_is POD VALUE: of its running container.
ready_is()
{
	is "$1" '.containers[0] | (.state.kind == "running") and .ready == '"$2" \
	    true
}
ready() { ready_is "$1" true; }
unready() { ready_is "$1" false; }
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

# A restart of reconciled: what is ready is never seen unready, nor what is
# unready ready.
kill -9 "$(daemon_pid reconciled)"
not_unready()
{
	[ "$(of exec-node1 '.containers[0] |
	    "\(.state.kind) \(.ready)"' 2>/dev/null)" != \
	    'running false' ] &&
	    [ "$(of http-node1 '.containers[0].ready' 2>/dev/null)" != true ]
}
stays 3 not_unready
ready exec-node1
await 10 unready http-node1
for pod in http exec tcp grpc; do
	restarts $pod-node1 0
	rm "$TRIPOD_MANIFESTS/$pod.yaml"
done

# Startup: nothing else is tried before, neither liveness nor readiness.
probed slow 'mkdir /w; touch /w/live; httpd -f -p 8080 -h /w' '    startupProbe:
      exec: {command: [test, -e, /w/started]}
      periodSeconds: 1
      failureThreshold: 1000
    livenessProbe:
      httpGet: {port: web, path: /live}
      periodSeconds: 1
      failureThreshold: 1
      terminationGracePeriodSeconds: 1
    readinessProbe:
      tcpSocket: {port: web}
      periodSeconds: 1' | put slow.yaml
await 20 started slow-node1 false
await 20 unready slow-node1
run slow-node1 rm /w/live
stays 2 restarts slow-node1 0
unready slow-node1
run slow-node1 touch /w/live /w/started
await 10 ready slow-node1
started slow-node1 true
restarts slow-node1 0

# Liveness: the container is stopped, with the probe's grace period and not
# the pod's 30 s (the shell is deaf to SIGTERM), and started again.
began=$SECONDS
run slow-node1 rm /w/live
await 15 restarts slow-node1 1
[ $((SECONDS - began)) -lt 15 ]
logged 'slow-node1: main: Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 404'
logged 'slow-node1: main: Killing: .*liveness probe'
await 10 started slow-node1 false
rm "$TRIPOD_MANIFESTS/slow.yaml"

# A startup probe that never comes true ends it, too.
probed never 'exec sleep 1000' '    startupProbe:
      exec: {command: ["false"]}
      periodSeconds: 1
      failureThreshold: 2
      terminationGracePeriodSeconds: 1' | put never.yaml
await 30 restarts never-node1 1
logged 'never-node1: main: Unhealthy: Startup probe failed: the command ended with status 1'
rm "$TRIPOD_MANIFESTS/never.yaml"

# Being stopped with a probe's long grace period when its pod ends: that has
# less.
probed deaf "trap '' TERM; while :; do sleep 0.1; done" '    livenessProbe:
      exec: {command: ["false"]}
      periodSeconds: 1
      failureThreshold: 1
      terminationGracePeriodSeconds: 600' |
    sed 's/GracePeriodSeconds: 30/GracePeriodSeconds: 1/' | put deaf.yaml
await 30 logged 'deaf-node1: main: Killing: .*liveness probe'
rm "$TRIPOD_MANIFESTS/deaf.yaml"
await 20 absent deaf-node1

# A command that does not end in time is a failure.
probed hangs 'exec sleep 1000' '    readinessProbe:
      exec: {command: [sleep, "100"]}
      periodSeconds: 1
      timeoutSeconds: 1' | put hangs.yaml
await 20 logged 'hangs-node1: main: Unhealthy: Readiness probe failed: .*time'
rm "$TRIPOD_MANIFESTS/hangs.yaml"

# The prober is killed: nothing happens to the container that it watches.
probed live 'mkdir /w; httpd -f -p 8080 -h /w' '    livenessProbe:
      tcpSocket: {port: web}
      initialDelaySeconds: 1
      periodSeconds: 1
      failureThreshold: 1
    readinessProbe:
      tcpSocket: {port: web}
      periodSeconds: 1
      failureThreshold: 1' | put live.yaml
await 20 ready live-node1
pid=$(pid_of live-node1)
prober_of() { pgrep -P "$1" -x tripod-prober; }
spawner=$(pgrep -P "$(daemon_pid reconciled)" -x tripod-spawner)
for _ in 1 2 3; do
	old=$(prober_of "$spawner")
	kill -9 "$old"
	prober_is_new() { [ "$(prober_of "$spawner")" != "$old" ]; }
	await 10 prober_is_new
	stays 1 ready live-node1
done
stays 2 ready live-node1
# The spawner, too: then reconciled is started afresh.
old=$(daemon_pid reconciled)
kill -9 "$spawner"
await 10 daemon_is_new reconciled "$old"
await 10 ready live-node1
stays 2 ready live-node1
[ "$(pid_of live-node1)" = "$pid" ]
restarts live-node1 0
