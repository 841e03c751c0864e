#!/bin/bash
# What a manifest says is so inside of the container.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
# reads LINE: what reconciled -n has to say about such a configuration.
reads()
{
	echo "$1" >"$STORY/conf"
	! "$TRIPOD_BIN/reconciled" -n -f "$STORY/conf" 2>&1 ||
	    fail "accepted: $1"
}
reads 'allow unconfined no' | grep -q 'needs "default seccomp runtime"'
reads 'cluster dns example.org' | grep -q 'is not an address'
reads 'cluster domain a..b' | grep -q 'is not a DNS name'
reads 'allow runtime class x' | grep -q 'must be NAME=HANDLER'
reads 'allow runtime class A=b' | grep -q 'must be NAME=HANDLER'
reads 'log max files 1' | grep -q 'out of range'

mkdir -p "$STORY/host/deep" "$STORY/outside"
echo from-host >"$STORY/host/deep/file"
echo secret >"$STORY/outside/secret"
echo 'nameserver 192.0.2.77
search host.example
options rotate' >"$STORY/resolv.conf"
export TRIPOD_RECONCILED_CONF="resolver $STORY/resolv.conf
"'node node1
cluster dns 192.0.2.53
cluster domain cluster.local
node label zone=a
allow capability NET_BIND_SERVICE
allow capability SYS_TIME
allow sysctl kernel.shmmax
allow runtime class other=second
allow runtime class absent=none
log max size 4K
log max files 3'
up

# inside POD COMMAND...: runs it as the container's own process would.
inside()
{
	ctr task exec --exec-id "e$RANDOM$RANDOM" "$(container_id "$1")" "${@:2}"
}

# said POD COMMAND...: its output; ctr now and then loses that of a command
# that ends at once.
said()
{
	local text i

	for i in 1 2 3 4 5; do
		text=$(inside "$@") || return 1
		[ -z "$text" ] || break
	done
	echo "$text"
}

# says POD EXPECTED COMMAND...
says()
{
	local text

	text=$(said "$1" "${@:3}") || fail "$1: ${*:3}"
	[ "$text" = "$2" ] || fail "$1: ${*:3}: \"$text\", not \"$2\""
}

# status_of POD KEY: a line of its first process's status.
status_of()
{
	said "$1" sed -n "s/^$2:[[:space:]]*//p" /proc/self/status
}

put secure.yaml <<EOT
apiVersion: v1
kind: Pod
metadata:
  name: secure
  labels: {app: web}
  annotations: {note: 'two "words"'}
spec:
  hostname: inner
  subdomain: sub
  terminationGracePeriodSeconds: 1
  nodeSelector: {zone: a, kubernetes.io/os: linux}
  hostAliases:
  - {ip: 192.0.2.7, hostnames: [seven.example, seven]}
  dnsConfig:
    searches: [mine.example]
    options: [{name: ndots, value: "2"}]
  securityContext:
    runAsUser: 1000
    runAsGroup: 2000
    fsGroup: 3000
    supplementalGroups: [4000]
    sysctls:
    - {name: net.ipv4.ip_unprivileged_port_start, value: "0"}
    - {name: kernel/shmmax, value: "12345678"}
  volumes:
  - name: work
    emptyDir: {}
  - name: about
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - path: deep/cpu
        mode: 0400
        resourceFieldRef: {containerName: main, resource: limits.cpu,
            divisor: 1m}
      - path: disk
        resourceFieldRef: {containerName: main,
            resource: limits.ephemeral-storage, divisor: 1Mi}
  - name: host
    hostPath: {path: $STORY/host}
  - name: memory
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, 'echo started; exec sleep 1000']
    env:
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: NOTE, valueFrom: {fieldRef:
        {fieldPath: 'metadata.annotations[''note'']'}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef:
        {resource: limits.memory, divisor: 1Mi}}}
    - {name: WHERE, value: \$(NODE)/\$(POD_IP)}
    resources:
      limits: {cpu: 500m, memory: 64Mi}
      requests: {cpu: 250m}
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
      seccompProfile: {type: RuntimeDefault}
    volumeMounts:
    - {name: work, mountPath: /work}
    - {name: work, mountPath: /part, subPathExpr: parts/\$(NODE)}
    - {name: about, mountPath: /about}
    - {name: host, mountPath: /host, subPath: deep, readOnly: true}
    - {name: host, mountPath: /single, subPath: deep/file, readOnly: true}
    - {name: memory, mountPath: /memory}
EOT
put plain.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: plain}
spec:
  hostNetwork: true
  hostPID: true
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, exec sleep 1000]
    securityContext: {capabilities: {add: [SYS_TIME]}}
EOT
put strong.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: strong}
spec:
  terminationGracePeriodSeconds: 1
  shareProcessNamespace: true
  setHostnameAsFQDN: true
  subdomain: sub
  dnsPolicy: None
  dnsConfig: {nameservers: [192.0.2.99]}
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, exec sleep 1000]
    securityContext: {privileged: true}
EOT
await 30 running secure-node1
await 30 running plain-node1
await 30 running strong-node1

echo "- users, groups and capabilities"
says secure-node1 1000 id -u
says secure-node1 2000 id -g
says secure-node1 '2000 3000 4000' id -G
[ "$(status_of secure-node1 NoNewPrivs)" = 1 ]
[ "$(status_of secure-node1 Seccomp)" = 2 ]
[ "$(status_of secure-node1 CapBnd)" = 0000000000000400 ]
says plain-node1 0 id -u
[ "$(status_of plain-node1 NoNewPrivs)" = 0 ]
[ "$(status_of plain-node1 Seccomp)" = 0 ]
[ $((0x$(status_of plain-node1 CapEff) >> 25 & 1)) = 1 ]
[ $((0x$(status_of plain-node1 CapEff) >> 21 & 1)) = 0 ]
[ $((0x$(status_of strong-node1 CapEff) >> 21 & 1)) = 1 ]

echo "- file systems"
! inside secure-node1 touch /tmp/x 2>/dev/null || fail 'its root is writable'
inside secure-node1 touch /work/mine /part/mine
says secure-node1 3000 stat -c %g /work/mine
says secure-node1 mine ls /work/parts/node1
says secure-node1 from-host cat /host/file
! inside secure-node1 touch /host/x 2>/dev/null || fail '/host is writable'
says secure-node1 from-host cat /single
inside secure-node1 grep -q ' /memory tmpfs rw.*size=1024k' /proc/self/mounts
inside secure-node1 touch /memory/x
says secure-node1 3000 stat -c %g /memory/x
! inside secure-node1 dd if=/dev/zero of=/memory/x bs=1M count=2 2>/dev/null ||
    fail 'its memory has no limit'
says secure-node1 'app="web"' cat /about/labels
[ "$(said secure-node1 stat -L -c '%a %g' /about/deep/cpu)" = '440 3000' ]
says secure-node1 500 cat /about/deep/cpu
# Known at the first start, too.
says secure-node1 $(($(stat -fc '(%b * %S + 1048575) / 1048576' "$STORY/rig"))) \
    cat /about/disk
! inside secure-node1 rm /about/labels 2>/dev/null || fail '/about is writable'
says secure-node1 '' cat /proc/interrupts
inside plain-node1 grep -q ' /proc/sys proc ro,' /proc/self/mounts
! inside strong-node1 grep -q ' /proc/sys proc ro,' /proc/self/mounts

echo "- variables"
ip=$(of secure-node1 '.podIPs[0]')
[ -n "$ip" ]
says secure-node1 "node1/$ip" sh -c 'echo $WHERE'
says secure-node1 'two "words"' sh -c 'echo "$NOTE"'
says secure-node1 64 sh -c 'echo $MEMORY'

echo "- names"
says secure-node1 inner hostname
inside secure-node1 grep -qx "$ip	inner.sub.default.svc.cluster.local	inner" \
    /etc/hosts
inside secure-node1 grep -qx '192.0.2.7	seven.example	seven' /etc/hosts
says secure-node1 'nameserver 192.0.2.53' grep nameserver /etc/resolv.conf
inside secure-node1 grep -q '^search default.svc.cluster.local svc.cluster.local cluster.local host.example mine.example$' /etc/resolv.conf
says secure-node1 'options ndots:2' grep options /etc/resolv.conf
says strong-node1 strong-node1.sub.default.svc.cluster.local hostname
says strong-node1 'nameserver 192.0.2.99' cat /etc/resolv.conf
says plain-node1 'search host.example
nameserver 192.0.2.77
options rotate' cat /etc/resolv.conf
inside plain-node1 grep -qx "$(head -n 1 /etc/hosts)" /etc/hosts

echo "- namespaces and sysctls"
says secure-node1 0 cat /proc/sys/net/ipv4/ip_unprivileged_port_start
says secure-node1 12345678 cat /proc/sys/kernel/shmmax
[ "$(said strong-node1 cat /proc/1/comm)" = pause ]
[ "$(said secure-node1 cat /proc/1/comm)" = sleep ]
[ "$(said plain-node1 cat /proc/1/comm)" = "$(cat /proc/1/comm)" ]
[ "$(said plain-node1 readlink /proc/self/ns/net)" = \
    "$(readlink /proc/self/ns/net)" ]

echo "- resources"
# group POD CONTROLLER: folder of its container's group.
group()
{
	local pid path

	pid=$(pid_of "$1")
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		echo "/sys/fs/cgroup$path"
	else
		path=$(grep -E ":([a-z_]+,)*$2(,[a-z_]+)*:" "/proc/$pid/cgroup")
		echo "/sys/fs/cgroup/$2${path##*:}"
	fi
}
[[ $(group secure-node1 memory) == */burstable/pod* ]]
[[ $(group plain-node1 memory) == */besteffort/pod* ]]
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	[ "$(cat "$(group secure-node1 memory)/memory.max")" = 67108864 ]
	[ "$(cat "$(group secure-node1 cpu)/cpu.max")" = '50000 100000' ]
else
	[ "$(cat "$(group secure-node1 memory)/memory.limit_in_bytes")" = \
	    67108864 ]
	[ "$(cat "$(group secure-node1 cpu)/cpu.cfs_quota_us")" = 50000 ]
	[ "$(cat "$(group secure-node1 cpu)/cpu.shares")" = 256 ]
fi
[ "$(cat "/proc/$(pid_of plain-node1)/oom_score_adj")" -gt \
    "$(cat "/proc/$(pid_of secure-node1)/oom_score_adj")" ]

echo "- nothing is left of them, whoever owns it"
inside secure-node1 sh -c 'mkdir -m 700 /work/a /work/a/b; : >/work/a/b/c
    chmod 500 /work/a/b; mkdir -m 1777 /work/sticky'
rm "$TRIPOD_MANIFESTS"/{secure,plain,strong}.yaml
await 20 absent secure-node1
await 20 absent plain-node1
await 20 absent strong-node1
[ -z "$(ls "$STORY/rig/state/pods")" ]
! grep -q "$STORY/rig/state/pods" /proc/self/mounts || fail 'a mount is left'
[ "$(cat "$STORY/host/deep/file")" = from-host ]

echo "- a container leaves its last words"
put words.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: words}
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: file
    image: localhost/bb:1
    command: [sh, -c, 'echo "to the file" >/dev/termination-log; exit 3']
  - name: log
    image: localhost/bb:1
    terminationMessagePolicy: FallbackToLogsOnError
    command: [sh, -c, 'echo "to the log"; exit 4']
EOT
await 20 is words-node1 .phase Failed
is words-node1 '.containers[] | select(.name == "file") | .state.message' \
    'to the file'
is words-node1 '.containers[] | select(.name == "log") | .state.message' \
    'to the log'
rm "$TRIPOD_MANIFESTS/words.yaml"

echo "- no sub-path leads out of its volume"
mkdir -p "$STORY/work/inner"
echo deep >"$STORY/work/inner/file"
ln -s "$STORY/outside" "$STORY/work/out"
ln -s inner "$STORY/work/in"
put escape.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: escape}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  volumes:
  - {name: work, hostPath: {path: $STORY/work}}
  containers:
  - name: link
    image: localhost/bb:1
    command: [sh, -c, 'cat /x/file; cat /y; exec sleep 1000']
    volumeMounts:
    - {name: work, mountPath: /x, subPath: in}
    - {name: work, mountPath: /y, subPath: in/file}
  - name: out
    image: localhost/bb:1
    command: [sh, -c, 'cat /x/secret; exec sleep 1000']
    volumeMounts: [{name: work, mountPath: /x, subPath: out}]
EOT
logged() { grep -sq "$2" "$TRIPOD_LOGS/pods/default_escape-node1_"*/"$1"/*.log; }
await 20 logged link 'stdout F deep'
await 20 is escape-node1 '.containers[] | select(.name == "out") | .state.reason' \
    CreateContainerConfigError
of escape-node1 '.containers[] | select(.name == "out") | .state.message' |
    grep -q 'leads out of the volume'
! logged out secret || fail 'a container saw what it must not'
rm "$TRIPOD_MANIFESTS/escape.yaml"
await 20 absent escape-node1

echo "- two pods cannot have one port of the host"
port() {
	cat <<EOT
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: localhost/bb:1
    command: [sh, -c, exec sleep 1000]
    ports: [{containerPort: 80, hostPort: 8080}]
EOT
}
port one | put one.yaml
await 20 running one-node1
port two | put two.yaml
waits() { ctl status | grep -q 'two-node1.*host port 8080 is taken by pod default/one-node1'; }
await 10 waits
rm "$TRIPOD_MANIFESTS/one.yaml"
await 30 running two-node1
rm "$TRIPOD_MANIFESTS/two.yaml"

echo "- logs are rotated while the container writes on"
pod chatty 1 'while :; do echo some text; usleep 1000; done' | put chatty.yaml
rotated() { compgen -G "$TRIPOD_LOGS/pods/default_chatty-node1_*/main/0.log.*" >/dev/null; }
await 30 rotated
await 10 test -s "$(echo "$TRIPOD_LOGS/pods/default_chatty-node1_"*/main/0.log)"
rm "$TRIPOD_MANIFESTS/chatty.yaml"
await 20 absent chatty-node1
[ -z "$(ls "$TRIPOD_LOGS/pods")" ]

echo "- what the operator forbids, or the node is not, is refused"
put refused.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec:
  containers:
  - name: main
    image: localhost/bb:1
    securityContext: {capabilities: {add: [SYS_ADMIN]}}
EOT
await 10 refused refused.yaml '3:18: .*SYS_ADMIN is not allowed'
put refused.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec:
  nodeSelector: {zone: b}
  containers: [{name: main, image: localhost/bb:1}]
EOT
await 10 refused refused.yaml 'NodeAffinity'
put refused.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec:
  securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}
  containers: [{name: main, image: localhost/bb:1}]
EOT
await 10 refused refused.yaml 'SysctlForbidden'
put refused.yaml <<EOT
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec:
  hostNetwork: true
  securityContext: {runAsNonRoot: true}
  containers: [{name: main, image: localhost/bb:1}]
EOT
await 10 is refused-node1 '.containers[0].state.reason' CreateContainerConfigError
of refused-node1 '.containers[0].state.message' | grep -q runAsNonRoot

# Classes of the runtime: one that is there, one it lacks, one not configured.
of_class()
{
	pod "$1" 1 | sed "s/^spec:/&\n  runtimeClassName: $1/" | put "$1.yaml"
}
of_class other
await 20 running other-node1
[ -d "$STORY/rig/second/k8s.io/$(container_id other-node1)" ] ||
    fail 'the class does not choose the handler'
of_class absent
await 10 grep -q 'absent-node1: FailedCreatePodSandBox: .*"none"' \
    "$STORY/rig/log/reconciled.log"
of_class unknown
await 10 refused unknown.yaml 'unknown is not allowed'
