#!/bin/bash
# What happens to pods: kept, counted, followed, and told to the API server,
# where kubectl looks for it.
. "$(dirname "$0")/story.sh"
begin "$@"
"$rig" apiserver up "$STORY/api" --node node1 >/dev/null
up --kubeconfig "$STORY/api/node.kubeconfig"

# says PATTERN COMMAND...: its output has such a line.
says()
{
	"${@:2}" >"$STORY/out" 2>&1 || :
	grep -Eq -- "$1" "$STORY/out"
}

# A follower from the start; one that never reads, too.
ctl events -f -o json >"$STORY/followed" &
follower=$!
mkfifo "$STORY/pipe"
ctl events -f >"$STORY/pipe" &
slow=$!
exec 7<"$STORY/pipe"
followed()
{
	jq -se "any(.[]; .reason == \"$1\" and .pod == \"$2\")" \
	    "$STORY/followed" >/dev/null
}

pod web | put web.yaml
await 20 running web-node1
for reason in Pulled Created Started; do
	await 5 followed $reason web-node1
	says "  Normal   *$reason .* default/web-node1 main: " ctl events web ||
	    fail "no event $reason: $(cat "$STORY/out")"
done
[ "$(ctl events -o json web | jq -r 'select(.reason == "Started") |
    "\(.field) \(.type) \(.count)"')" = 'spec.containers{main} Normal 1' ]

# Repetitions are counted, not listed.
pod crash 1 'exit 1' | put crash.yaml
backed_off()
{
	ctl events -o json crash |
	    jq -e 'select(.reason == "BackOff" and .type == "Warning")' \
	    >/dev/null
}
await 20 backed_off
await 5 followed BackOff crash-node1
ctl events crash >"$STORY/crash"
! grep -q web-node1 "$STORY/crash"
[ -z "$(ctl events --since 0s crash)" ]
[ -n "$(ctl events --since 1h crash)" ]
ctl restart web >/dev/null
await 5 followed Killing web-node1
says 'Killing .*: Stopping container main: a restart was asked for' \
    ctl events web

# The one that does not read has held up nobody, and goes on to wait.
kill -0 $slow
exec 7<&-

# kubectl finds them by the mirror's annotation.
told()
{
	python3 -B - "$STORY/api" "$1" "$2" <<'PY'
import sys
sys.path.insert(0, "tests/apiserver")
from standin.client import Client
api = Client(sys.argv[1], "admin")
code, pod = api.call("GET", f"/api/v1/namespaces/default/pods/{sys.argv[2]}")
if code != 200:
    sys.exit(1)
uid = pod["metadata"]["annotations"]["kubernetes.io/config.mirror"]
_, found = api.call("GET", "/api/v1/namespaces/default/events",
                    fieldSelector=f"involvedObject.uid={uid}")
sys.exit(sys.argv[3] not in [e["reason"] for e in found["items"]])
PY
}
cd "$here/../.."
await 20 told web-node1 Killing
await 20 told web-node1 Started
await 20 told crash-node1 BackOff

# Without the API server, and with reconciled started again, all is well.
"$rig" apiserver down "$STORY/api"
pod late | put late.yaml
await 20 running late-node1
await 5 followed Started late-node1
crash reconciled
await 20 peer_is_up mirrord
[ -n "$(ctl status late)" ]
pod last | put last.yaml
await 20 running last-node1
await 5 followed Started last-node1
kill $follower
