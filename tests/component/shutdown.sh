#!/bin/bash
# When the machine goes down pods end with their grace periods, critical ones
# last, and run again at the next boot.
. "$(dirname "$0")/story.sh"
begin "$@"
export TRIPOD_RECONCILED_CONF='shutdown time 30s'
up

# Says when it ends, and then takes its time.
slow()
{
	pod "$1" 1 "trap 'echo ends; sleep 1; echo ended; exit 0' TERM; echo up; while :; do sleep 0.1; done" |
	    sed "s/^spec:/&\n  priority: ${2-0}${3:+\n  priorityClassName: $3}/
	    s/GracePeriodSeconds: 1/GracePeriodSeconds: 20/"
}

slow low -5 | put low.yaml
slow web | put web.yaml
slow node 2000001000 system-node-critical | put node.yaml
{ pod once 1 'exit 3'; echo '  restartPolicy: Never'; } | put once.yaml
for name in low web node; do
	await 20 running $name-node1
	await 10 eval "log_of $name-node1 | grep -q 'F up'"
done
await 20 is once-node1 .phase Failed

# Not configured: nothing happens.
ctl shutdown
stays 1 running web-node1

echo 'stop pods on shutdown yes' >>"$STORY/rig/etc/reconciled.conf"
crash reconciled
await 20 running web-node1
began=$SECONDS
ctl shutdown
[ $((SECONDS - began)) -lt 25 ]
[ -z "$(ctr task ls -q)" ] || fail "something still runs"

# when NAME: of a line, as the runtime has written it.
when()
{
	log_of "$1-node1" | sed -n "s/ stdout F $2$//p"
}
[[ $(when low ended) < $(when web ends) ]]
[[ $(when web ended) < $(when node ends) ]]
[ -n "$(when node ended)" ]
ctl status | grep '^default/web-node1: .*Pod was terminated'
# As a kubelet tells it.
for name in low web node; do
	is $name-node1 .phase Failed
	is $name-node1 .state Terminated
done
grep -q 'pod default/low-node1: Terminated: ' "$STORY/rig/log/reconciled.log"
ctl events low-node1 | grep Terminated >/dev/null
# Nothing new starts; asked once more, the answer is there at once.
pod late | put late.yaml
await 10 is late-node1 .phase Pending
stays 1 is late-node1 .phase Pending
ctl shutdown

# At the next boot all is as before, without anything being read.
"$rig" stop "$STORY/rig" watcherd
crash reconciled
for name in low web node late; do
	await 20 running $name-node1
done
is web-node1 '.containers[0].restartCount' 1
is once-node1 .phase Failed
is once-node1 '.containers[0].restartCount' 0
