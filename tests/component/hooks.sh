#!/bin/bash
# Lifecycle hooks on real pods: what they do is done, in its time, and their
# failures are told and have the kubelet's consequences.
. "$(dirname "$0")/story.sh"
begin "$@"
up
mkdir -m 777 "$STORY/out"

# hooked NAME GRACE HOOKS: a manifest; the container answers HTTP and writes
# down who asked, and when it is told to end.
hooked()
{
	cat <<EOT
apiVersion: v1
kind: Pod
metadata:
  name: $1
spec:
  terminationGracePeriodSeconds: $2
  volumes:
  - name: out
    hostPath: {path: $STORY/out}
  containers:
  - name: main
    image: localhost/bb:1
    command: [/bin/sh, -c]
    args:
    - |
      trap 'echo TERM >>/out/$1; exit' TERM
      mkdir -p /w/cgi-bin
      printf '#!/bin/sh\necho "\$QUERY_STRING" >>/out/$1\nprintf "Status: 500\\\\r\\\\n\\\\r\\\\n"\n' >/w/cgi-bin/hook
      chmod 755 /w/cgi-bin/hook
      httpd -p 8080 -h /w
      while :; do sleep 0.1; done
    volumeMounts:
    - {name: out, mountPath: /out}
    lifecycle:
$3
EOT
}

said() { [ "$(cat "$STORY/out/$1" 2>/dev/null)" = "$2" ]; }
logged() { grep -q "$1" "$STORY/rig/log/reconciled.log"; }

# Commands.  "$$" stays what it is, unlike in probes.
hooked exec 20 '      postStart:
        exec: {command: [sh, -c, "echo started $$ >>/out/exec"]}
      preStop:
        exec: {command: [sh, -c, "sleep 1; echo stopping >>/out/exec"]}' |
    put exec.yaml
await 20 running exec-node1
await 10 grep -q '^started [0-9]*$' "$STORY/out/exec"
rm "$TRIPOD_MANIFESTS/exec.yaml"
await 20 absent exec-node1
[ "$(tail -n 2 "$STORY/out/exec")" = "stopping
TERM" ]

# HTTP, from the prober; any answer is one.
hooked http 20 '      preStop:
        httpGet: {port: 8080, path: "/cgi-bin/hook?stopping"}' | put http.yaml
await 20 running http-node1
answers()
{
	curl -s --max-time 1 -o /dev/null \
	    "http://$(of http-node1 '.podIPs[0]'):8080/"
}
await 10 answers
rm "$TRIPOD_MANIFESTS/http.yaml"
await 20 absent http-node1
said http 'stopping
TERM'

# A sleep before the end, as far as the grace period allows.
hooked sleep 20 '      preStop:
        sleep: {seconds: 2}' | put sleep.yaml
await 20 running sleep-node1
rm "$TRIPOD_MANIFESTS/sleep.yaml"
stays 1 eval '[ ! -e "$STORY/out/sleep" ]'
await 20 absent sleep-node1
said sleep TERM

# A hook that takes longer than the grace period is left alone.
hooked long 2 '      preStop:
        exec: {command: [sleep, "1000"]}' | put long.yaml
await 20 running long-node1
began=$SECONDS
rm "$TRIPOD_MANIFESTS/long.yaml"
await 20 absent long-node1
[ $((SECONDS - began)) -lt 15 ]
logged 'long-node1: main: FailedPreStopHook'

# A postStart hook that fails ends the container.
hooked fails 1 '      postStart:
        exec: {command: ["false"]}' | put fails.yaml
await 20 logged 'fails-node1: main: FailedPostStartHook'
await 20 eval 'is fails-node1 ".containers[0].restartCount > 0" true'
rm "$TRIPOD_MANIFESTS/fails.yaml"
await 20 absent fails-node1

# One that finds nobody, too.
hooked nobody 1 '      postStart:
        httpGet: {port: 9, path: /}' | put nobody.yaml
await 20 logged 'nobody-node1: main: FailedPostStartHook.*Connection refused'
