#!/bin/bash
# tripodctl logs: what containers said, over rotations and restarts, for an
# operator without any right to the files.
. "$(dirname "$0")/story.sh"
begin "$@"
up

# code N COMMAND...: it ends with N; its output is in out.
code()
{
	local got=0

	"${@:2}" >"$STORY/out" 2>"$STORY/err" || got=$?
	[ $got = "$1" ] || fail "exit status $got, not $1: ${*:2}:" \
	    "$(cat "$STORY/out" "$STORY/err")"
}

# says TEXT COMMAND...: that is its whole output.
says()
{
	[ "$("${@:2}" 2>/dev/null)" = "$1" ]
}

turn=0

# Each line of in/LINE is said by the container, which ends with "end CODE".
mkdir -m 777 "$STORY/in"
talker()
{
	pod "$1" 1 'cat /in/first 2>/dev/null; while :; do
	      if mv /in/say /in/said 2>/dev/null; then
	        cat /in/said; fi;
	      if mv /in/end /in/ended 2>/dev/null; then exit 3; fi;
	      sleep 0.05; done' |
	    sed 's/^spec:/&\
  volumes:\
  - {name: in, hostPath: {path: IN}}/
	    s/^    image:/    volumeMounts: [{name: in, mountPath: \/in}]\
&/' | sed "s,IN},$STORY/in},"
}
say() { cat >"$STORY/in/.say" && mv "$STORY/in/.say" "$STORY/in/say"; }
talker talk | put talk.yaml
await 20 running talk-node1
code 0 ctl logs talk
[ ! -s "$STORY/out" ] || fail "$(cat "$STORY/out")"

# Long lines come in parts, which are put together; bytes stay what they are.
{ head -c 100000 /dev/zero | tr '\0' x; printf '\nt\303\274r\033[1m\tend\n'; } |
    tee "$STORY/said" | say
await 10 eval 'ctl logs talk | cmp -s - "$STORY/said"'
seq 1 50 | say
await 10 says 50 ctl logs -n 1 talk main
[ "$(ctl logs --tail 3 talk)" = "48
49
50" ]
code 0 ctl logs -n 0 talk
[ ! -s "$STORY/out" ] || fail "$(cat "$STORY/out")"
[ "$(ctl logs talk | wc -l)" = 52 ]
[ "$(ctl logs -n 60 talk | tail -n 50 | head -n 1)" = 1 ]
ctl logs -n 1 -t talk | grep -Eq '^20[0-9-]*T[0-9:.]*(Z|[+-][0-9:]*) 50$'
code 0 ctl logs --since 2099-01-01T00:00:00Z talk
[ ! -s "$STORY/out" ] || fail "$(cat "$STORY/out")"
[ "$(ctl logs --since 1h talk | wc -l)" = 52 ]

# A terminal is not told what to do.
script -qc "$TRIPOD_BIN/tripodctl -s $TRIPOD_CONTROL logs talk" /dev/null \
    >"$STORY/tty"
grep -q '?\[1m' "$STORY/tty"
! grep -q "$(printf '\033')\[1m" "$STORY/tty"

# Followed over a rotation, as a runtime does it, and a restart.
"$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" logs -f -n 1 talk \
    >"$STORY/followed" 2>"$STORY/errors" &
follower=$!
followed() { [ "$(tail -n 1 "$STORY/followed")" = "$1" ]; }
await 10 followed 50
echo before | say
await 10 followed before
folder=$(echo "$TRIPOD_LOGS"/pods/default_talk-node1_*/main)
mv "$folder/0.log" "$folder/0.log.20261127-101500"
echo still the old file | say
await 10 followed 'still the old file'
crictl=$(of talk-node1 '.containers[0].containerID' | sed 's,.*://,,')
[ -n "$crictl" ]
printf '2026-11-27T10:15:00.5Z stdout F after the rotation\n' \
    >"$folder/0.log"
await 10 followed 'after the rotation'
says 'after the rotation' ctl logs -n 1 talk
[ "$(ctl logs talk | tail -n 2)" = "still the old file
after the rotation" ]
[ "$(ctl logs -n 2 talk)" = "still the old file
after the rotation" ]
: >"$STORY/in/end"
await 20 is talk-node1 '.containers[0].restartCount' 1
await 20 running talk-node1
echo second life | say
await 10 followed 'second life'
says 'second life' ctl logs talk
says 'after the rotation' ctl logs -p -n 1 talk

# Two rotations before it looks again: what came between is not lost.
kill -STOP $follower
folder=$(echo "$TRIPOD_LOGS"/pods/default_talk-node1_*/main)
for line in one two; do
	mv "$folder/1.log" "$folder/1.log.20261127-10170$((turn += 1))"
	printf '2026-11-27T10:17:00Z stdout F rotation %s\n' $line \
	    >"$folder/1.log"
done
kill -CONT $follower
await 10 followed 'rotation two'
[ "$(tail -n 3 "$STORY/followed")" = "second life
rotation one
rotation two" ]

# Over a restart of reconciled, too; nothing is said twice.
crash reconciled
await 20 peer_is_up watcherd
printf '2026-11-27T10:18:00Z stdout F after the crash\n' >>"$folder/1.log"
await 10 followed 'after the crash'
[ "$(tail -n 2 "$STORY/followed")" = "rotation two
after the crash" ]

# Who follows is not held up by reconciled, nor holds it up.
kill -0 $follower

# It ends with the pod.
rm "$TRIPOD_MANIFESTS/talk.yaml"
await 20 absent talk-node1
wait $follower
[ ! -s "$STORY/errors" ] || fail "$(cat "$STORY/errors")"

# One that has ended for good is not followed for ever.
pod once 1 'echo done' | sed 's/^spec:/&\n  restartPolicy: Never/' |
    put once.yaml
await 20 is once-node1 .phase Succeeded
code 0 timeout 10 "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" logs -f once
[ "$(cat "$STORY/out")" = done ]

# What is not there; which of several.
code 1 ctl logs nobody
code 1 ctl logs once nobody
grep -q 'no such container' "$STORY/err"
code 1 ctl logs -p once
grep -q 'no previous log' "$STORY/err"
code 64 ctl logs once main more
code 64 ctl logs -n x once

# A link in the folder is not followed, whoever put it there.
folder=$(echo "$TRIPOD_LOGS"/pods/default_once-node1_*/main)
ln -s /etc/shadow "$folder/7.log"
code 1 ctl logs once
! grep -q root: "$STORY/out"
rm "$folder/7.log"

# A member of the group has no right to the files, and needs none.
chmod 600 "$folder/0.log"
group=$(stat -c %g "$TRIPOD_CONTROL")
says done setpriv --reuid 65534 --regid "$group" --clear-groups \
    "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" logs once
! setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" logs once 2>/dev/null

# Who asks for descriptors and takes none gets few, and costs nobody else.
cat >"$STORY/greedy.py" <<'PY'
import os, socket, struct, sys, time
def frame(kind, payload=b""):
    return struct.pack("<IIII", kind, 16 + len(payload), 1, 1) + payload
def text(number, value):
    return bytes([number << 3 | 2, len(value)]) + value.encode()
path, uid, pid = sys.argv[1:]
hello = bytes([8, 2]) + text(2, "tripodctl") + \
    text(3, "0")
query = text(1, uid) + text(2, "main") + text(3, "0.log")
opened = []
for _ in range(20):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    s.sendall(frame(1, hello))
    s.setblocking(False)
    try:
        for _ in range(2000):
            s.send(frame(52, query))
    except OSError:
        pass
    opened.append(s)
end = time.monotonic() + 2
most = 0
while time.monotonic() < end:
    most = max(most, len(os.listdir(f"/proc/{pid}/fd")))
    time.sleep(0.01)
print(most)
sys.exit(most > 200)
PY
python3 "$STORY/greedy.py" "$TRIPOD_CONTROL" "$(of once-node1 .uid)" \
    "$(daemon_pid reconciled)" || fail 'descriptors pile up'
await 5 says done ctl logs once
grep -q 'asks for logs and takes none' "$STORY/rig/log/reconciled.log"
