#!/bin/bash
# make install puts everything in place and leaves an administrator's
# configuration alone; make uninstall takes away what it brought.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
: "${TRIPOD_OBJ:=$PWD/obj}"

dest=$(mktemp -d /tmp/install.XXXXXX)
trap 'rm -rf "$dest"' EXIT

tree()
{
	make -s O="$TRIPOD_OBJ" DESTDIR="$dest" "$1"
}

expect()
{
	local file

	for file; do
		[ -s "$dest/$file" ] || { echo "$file is missing"; exit 1; }
	done
}

tree install
expect usr/local/sbin/{watcherd,reconciled,mirrord,tripodctl} \
    usr/local/libexec/tripod/tripod-{prober,spawner} \
    lib/systemd/system/{watcherd,reconciled,mirrord,tripod-shutdown}.service \
    etc/tripod/{watcherd,reconciled,mirrord}.conf \
    usr/local/share/man/man8/{watcherd,reconciled,mirrord,tripodctl}.8 \
    usr/local/share/man/man5/{watcherd,reconciled,mirrord}.conf.5 \
    usr/local/share/examples/tripod/hello.yaml \
    usr/lib/sysusers.d/tripod.conf usr/lib/tmpfiles.d/tripod.conf
if grep -rn '@[A-Z]*@' "$dest/lib" "$dest/usr/lib"; then
	echo "not substituted"
	exit 1
fi
grep -q '^ExecStart=/usr/local/sbin/watcherd$' \
    "$dest/lib/systemd/system/watcherd.service"

# Where the tools are at hand, they accept users and folders.
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers --root="$dest" tripod.conf >/dev/null 2>&1
	grep -q '^_tripodw:' "$dest/etc/passwd"
	grep -q '^tripod:' "$dest/etc/group"
	systemd-tmpfiles --root="$dest" --create tripod.conf
	[ "$(stat -c %a:%u "$dest/run/tripod/empty")" = 755:0 ]
	rm -rf "$dest"/etc/{passwd,group,shadow,gshadow}* "$dest"/etc/.pwd.lock
fi

# What ships as an example is a valid manifest.
"$TRIPOD_OBJ/bin/tripodctl" check "$dest"/usr/local/share/examples/tripod/*.yaml

echo 'node mine' >>"$dest/etc/tripod/reconciled.conf"
tree install
grep -q '^node mine$' "$dest/etc/tripod/reconciled.conf"

tree uninstall
left=$(find "$dest" -type f ! -path "$dest/etc/tripod/*")
[ -z "$left" ] || { echo "left: $left"; exit 1; }
expect etc/tripod/reconciled.conf
