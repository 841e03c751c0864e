#!/bin/bash
# Each socket takes only the one it is for.
. "$(dirname "$0")/story.sh"
begin "$@"
up
try() {	# UID SOCKET: connects and says nothing; prints what comes back
	python3 - "$1" "$TRIPOD_RUN/$2.sock" <<'PY'
import os, socket, sys
uid = int(sys.argv[1])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
s = socket.socket(socket.AF_UNIX)
s.settimeout(2)
try:
    s.connect(sys.argv[2])
    print("closed" if s.recv(1) == b"" else "answered")
except PermissionError:
    print("denied")
except (ConnectionResetError, BrokenPipeError):
    print("closed")
except socket.timeout:
    print("open")
PY
}
[ "$(try 64202 watch)" = denied ]
[ "$(try 64201 mirror)" = denied ]
[ "$(try 64201 control)" = denied ]
# Even where the file's mode would let them in, and for root itself.
chmod 777 "$TRIPOD_RUN"/*.sock
[ "$(try 64202 watch)" = closed ]
[ "$(try 0 watch)" = closed ]
[ "$(try 64201 mirror)" = closed ]
[ "$(try 64201 control)" = closed ]
[ "$(try 0 control)" = open ]
# Garbage ends that peer, nobody else.
head -c 4096 /dev/urandom | timeout 5 python3 -c 'import socket,sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read()); s.recv(1)' "$TRIPOD_RUN/control.sock" || :
ctl status >/dev/null

# Idle connections do not keep others out: not root, nor, when they have been
# silent for a moment, members of the group.
cat >"$STORY/idle.py" <<'PY'
import os, socket, sys, time
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(65534)
def one():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    return s
held = [one() for _ in range(32)]
print("full", flush=True)
time.sleep(1000)
PY
group=$(stat -c %g "$TRIPOD_RUN/control.sock")
python3 "$STORY/idle.py" "$TRIPOD_RUN/control.sock" "$group" >"$STORY/idle" &
idle=$!
await 10 grep -q full "$STORY/idle"
ctl status >/dev/null
member()
{
	setpriv --reuid 65534 --regid "$group" --clear-groups \
	    "$TRIPOD_BIN/tripodctl" -s "$TRIPOD_CONTROL" status >/dev/null 2>&1
}
await 10 member
grep -q 'it is idle, and another one comes' "$STORY/rig/log/reconciled.log"
kill $idle
