#!/bin/bash
# The rights that the service units give are enough: each daemon is started
# with the user and the capabilities that stand there, and does its job.
. "$(dirname "$0")/story.sh"
begin "$@"
etc=$here/../../etc

# Folders as tmpfiles would make them, out of the machine's way.
mount -t tmpfs -o mode=755 tmpfs /run
up --only-runtime
install -d -m 755 /run/tripod /run/tripod/empty

unit() {	# NAME KEY: a setting of its unit
	sed -n "s/^$2=//p" "$etc/$1.service"
}

caps() {	# WORDS: as setpriv(1) wants them
	local cap out=-all

	for cap in $1; do
		cap=${cap#CAP_}
		out=$out,+${cap,,}
	done
	echo "$out"
}

# service NAME UID: in the background, as the service manager starts it.
service()
{
	local name=$1 ids=() ambient

	[ "$(unit "$name" NoNewPrivileges)" = yes ]
	if [ -n "$(unit "$name" User)" ]; then
		ids=(--reuid "$2" --regid "$2" --clear-groups)
	fi
	ambient=$(caps "$(unit "$name" AmbientCapabilities)")
	NOTIFY_SOCKET=/run/notify.$name \
	    setpriv "${ids[@]}" --inh-caps "$ambient" --ambient-caps "$ambient" \
	    --bounding-set "$(caps "$(unit "$name" CapabilityBoundingSet)")" \
	    --no-new-privs "$TRIPOD_BIN/$name" -f "$STORY/$name.conf" \
	    >>"$STORY/$name.log" 2>&1 &
	pids="${pids-} $!"
}

end_services()
{
	local status=$?

	# shellcheck disable=SC2086 # a list of numbers
	kill $pids 2>/dev/null || :
	[ $status -eq 0 ] || tail -n 20 "$STORY"/*.log
	(exit $status)
	story_end
}

TRIPOD_MANIFESTS=$STORY/manifests
TRIPOD_CONTROL=/run/tripod/control.sock
mkdir -m 700 "$TRIPOD_MANIFESTS"
cat >"$STORY/reconciled.conf" <<EOT
runtime $TRIPOD_RUNTIME
manifests $TRIPOD_MANIFESTS
state $STORY/state
pod logs $STORY/pods
container logs $STORY/containers
watch user 64201
mirror user 64202
probe user 64203
prober $(realpath "$TRIPOD_BIN/tripod-prober")
control group 0
node node1
EOT
echo user 64201 >"$STORY/watcherd.conf"
echo user 64202 >"$STORY/mirrord.conf"
trap end_services EXIT

# Whom the service manager would hear.
python3 - >"$STORY/notified" 2>&1 <<'EOF' &
import os, selectors, socket
sel = selectors.DefaultSelector()
for name in ("reconciled", "watcherd", "mirrord"):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/run/notify." + name)
    os.chmod("/run/notify." + name, 0o777)
    sel.register(s, selectors.EVENT_READ, name)
print("listening", flush=True)
while True:
    for key, _ in sel.select():
        for line in key.fileobj.recv(4096).decode().split("\n"):
            print(key.data, line, flush=True)
EOF
manager=$!
await 10 grep -q listening "$STORY/notified"
notified()
{
	grep -q "^$1 $2" "$STORY/notified"
}

service reconciled 0
service watcherd 64201
service mirrord 64202

running()
{
	ctl status 2>/dev/null | grep -q "^default/web-node1 *$1"
}
everybody()
{
	ctl status 2>/dev/null | grep -q 'watcherd up, mirrord up'
}

await 10 everybody
for name in reconciled watcherd mirrord; do
	await 10 notified $name READY=1
done
pod web | put web.yaml
await 20 running Running
await 10 notified reconciled 'STATUS=1 manifests, 1 of 1 pods run; .* up'
rm "$TRIPOD_MANIFESTS/web.yaml"
await 20 eval '! running "[A-Z]"'

# Told to end all at once, as by a service manager, everybody does, and
# reconciled does not take the end of its prober for a failure.
# shellcheck disable=SC2086 # a list of numbers
set -- $pids
spawner=$(pgrep -P "$1" -x tripod-spawner)
prober=$(pgrep -P "$spawner" -x tripod-prober)
kill "$prober" "$spawner" "$@"
wait "$1"
await 5 eval '! kill -0 "$spawner" 2>/dev/null'
! kill -0 "$prober" 2>/dev/null
await 5 notified reconciled STOPPING=1
kill "$manager"
