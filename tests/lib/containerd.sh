# A private containerd, all of it below one folder.
# shellcheck shell=bash

test_images='localhost/bb:1 localhost/bb:2 localhost/pause:1'

# in_containerd DIR COMMAND...: ctr against the rig's runtime, in the
# namespace where CRI keeps its things.
in_containerd()
{
	local dir=$1

	shift
	"$(cat "$dir/run/ctr")" -a "$(cat "$dir/run/runtime")" -n k8s.io "$@"
}

# Without this capability runc may not lower oom_score_adj and fails with
# the misleading "can't get final child's PID from pipe".
may_lower_oom()
{
	(( 0x$(process_field self CapEff) & 1 << 24 ))
}

bool()
{
	if "$@" >/dev/null 2>&1; then echo true; else echo false; fi
}

has_apparmor()
{
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] &&
	    command -v apparmor_parser
}

# Inside a container the folder may itself be on an overlay, which cannot
# carry another one.
pick_snapshotter()
{
	local t=$1/containerd/try

	mkdir -p "$t"/{lower,upper,work,merged}
	if mount -t overlay -o "lowerdir=$t/lower,upperdir=$t/upper" \
	    -o "workdir=$t/work" overlay "$t/merged" 2>/dev/null; then
		umount "$t/merged"
		echo overlayfs
	else
		echo native
	fi
	rm -rf "$t"
}

# cni_plugins: the folder that holds the plugins on this machine.
cni_plugins()
{
	local d

	for d in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
		[ ! -x "$d/bridge" ] || { echo "$d"; return; }
	done
	die "no CNI plugins found: make deps"
}

containerd_conf()
{
	local dir=$1 snapshotter=$2 plugins=$3

	cat <<EOT
version = 2
root = "$dir/containerd/root"
state = "$dir/containerd/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "$dir/run/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "$dir/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = $(bool not may_lower_oom)
disable_apparmor = $(bool not has_apparmor)
enable_selinux = false
tolerate_missing_hugetlb_controller = true
netns_mounts_under_state_dir = true
disable_tcp_service = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$plugins"
conf_dir = "$dir/etc/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "$snapshotter"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "$dir/runc"
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.second]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.second.options]
Root = "$dir/second"
SystemdCgroup = false
EOT
}

# Without a socket ctr would wait for one.
containerd_answers()
{
	[ -S "$(cat "$1/run/runtime")" ] &&
	    in_containerd "$1" --connect-timeout 1s version >/dev/null 2>&1
}

# dying DIR NAME...: one of them keeps ending at once; waiting is of no use.
dying()
{
	local dir=$1 name deaths

	shift
	for name; do
		deaths=$(cat "$dir/run/$name.deaths" 2>/dev/null) || continue
		[ "${deaths:-0}" -lt 5 ] || return 0
	done
	return 1
}

containerd_settled()
{
	containerd_answers "$1" || dying "$1" containerd
}

# The ctr beside a given containerd is preferred: both should be of one version.
pick_ctr()
{
	PATH=$1:$PATH command -v ctr || die "no ctr: make deps"
}

# runtime_borrow DIR SOCKET BINARY: uses a runtime that somebody else runs.
runtime_borrow()
{
	local dir=$1 socket=$2 binary

	binary=$(command -v "$3") || :
	echo "$socket" >"$dir/run/runtime"
	echo overlayfs >"$dir/run/snapshotter"
	: >"$dir/run/borrowed"
	pick_ctr "$(dirname "$binary")" >"$dir/run/ctr"
	poll 10 containerd_answers "$dir" || die "$socket: no answer"
}

# containerd_up DIR BINARY: starts it and waits until it answers.
containerd_up()
{
	local dir=$1 binary=$2 bin snapshotter plugins

	binary=$(command -v "$binary") || die "no containerd: make deps"
	bin=$(cd "$(dirname "$binary")" && pwd)
	mkdir -p "$dir"/containerd/{root,state} "$dir/etc/cni" "$dir/runc"
	[ -z "${TRIPOD_CNI_CONF-}" ] ||
	    cp "$TRIPOD_CNI_CONF" "$dir/etc/cni/10-tripod.conflist"
	plugins=$(cni_plugins)
	snapshotter=$(pick_snapshotter "$dir")
	containerd_conf "$dir" "$snapshotter" "$plugins" \
	    >"$dir/etc/containerd.toml"
	echo "$snapshotter" >"$dir/run/snapshotter"
	echo "$dir/run/containerd.sock" >"$dir/run/runtime"
	pick_ctr "$bin" >"$dir/run/ctr"
	# Its shims are found through PATH.
	PATH=$bin:$PATH start "$dir" containerd "$binary" \
	    -c "$dir/etc/containerd.toml"
	poll 30 containerd_settled "$dir" && containerd_answers "$dir" ||
	    die "containerd does not answer, see $dir/log/containerd.log"
}

# CRI learns of an import by an event, a little later than ctr is told, and
# says so with a label.
images_known()
{
	local image seen

	seen=$(in_containerd "$1" images ls 2>/dev/null) || return 1
	for image in $test_images; do
		grep -q "^$image .*io.cri-containerd.image=managed" \
		    <<<"$seen" || return 1
	done
}

images_import()
{
	local dir=$1

	! images_known "$dir" || return 0
	images_archive
	in_containerd "$dir" images import --snapshotter \
	    "$(cat "$dir/run/snapshotter")" "$made/images.tar" \
	    >>"$dir/log/rig.log" 2>&1 ||
	    die "cannot import images, see $dir/log/rig.log"
	poll 10 images_known "$dir" || die "CRI does not see the test images"
}
