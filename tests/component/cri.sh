#!/bin/bash
# The CRI client against a private containerd: one pod from run to removal,
# exec, events, and the runtime stopped and started under it.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
rig=$top/tests/lib/rig
obj=${TRIPOD_OBJ:-$top/obj}

[ -n "${CRI_TEST_DIR-}" ] || {
	CRI_TEST_DIR=$(mktemp -d /tmp/cri.XXXXXX)
	export CRI_TEST_DIR
	exec "$rig" isolate "$0"
}

finish()
{
	"$rig" down "$CRI_TEST_DIR"
	rm -rf "$CRI_TEST_DIR"
}
trap finish EXIT
eval "$("$rig" up "$CRI_TEST_DIR" --only-runtime)"
"$obj/tests/component/cri" "$TRIPOD_RUNTIME" "$CRI_TEST_DIR/podlogs" \
    "$rig stop $CRI_TEST_DIR containerd" \
    "$rig start $CRI_TEST_DIR containerd"
