# Takes down what `rig up DIR` started, however far it came and whatever has
# died since: nothing here needs the runtime's or a daemon's help.
# shellcheck shell=bash

# Every process rig starts carries its folder in the environment, and so do
# containerd's shims.  That survives lost pid files, and a number used again
# for another process is never mistaken for ours.

# ours DIR PID...: prints those of PIDs that belong to the rig.
ours()
{
	local dir=$1 pid

	shift
	for pid; do
		! grep -sqzxF "TRIPOD_RIG=$dir" "/proc/$pid/environ" ||
		    echo "$pid"
	done
}

# marked WORD: prints all that have WORD in their environment.
marked()
{
	grep -slzxF "$1" /proc/[0-9]*/environ |
	    sed 's,/proc/,,; s,/environ,,' || :
}

# containers_cgroups DIR: cgroup paths of all containers there were.  The
# database is searched as plain bytes: it has the dead ones too, and the
# runtime need not be alive.
containers_cgroups()
{
	local db=$1/containerd/root/io.containerd.metadata.v1.bolt/meta.db

	[ ! -e "$db" ] || grep -ao '"cgroupsPath":"[^"]*"' "$db" |
	    sed 's/.*:"//; s/"$//' | sort -u || :
}

cgroup_mounts()
{
	awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo
}

# cgroups_remove DIR: the pods' tree, and what containers had elsewhere, but
# not the folders above those, which are everybody's.
cgroups_remove()
{
	local mount path paths root

	root=$(cgroup_root "$1")
	paths=$(containers_cgroups "$1")
	for mount in $(cgroup_mounts); do
		[ ! -d "$mount$root" ] ||
		    find "$mount$root" -depth -type d -exec rmdir {} +
		for path in $paths; do
			[ ! -d "$mount$path" ] || rmdir "$mount$path"
		done
	done
}

# A pod may share the machine's process ids; then the end of its first
# process does not end the others.
cgroup_processes()
{
	local root mount

	root=$(cgroup_root "$1")
	for mount in $(cgroup_mounts); do
		[ ! -d "$mount$root" ] || find "$mount$root" \
		    -name cgroup.procs -exec cat {} +
	done | sort -u
}

# pods_withdraw DIR: lets Tripod remove its pods from a runtime which goes on
# without us.
pods_withdraw()
{
	[ -e "$1/run/borrowed" ] && [ -d "$1/manifests" ] || return 0
	rm -rf "$1"/manifests/*
	poll 60 pods_none "$1" || say "pods may be left in the runtime"
}

pods_none()
{
	tripodctl "$1" status -o json 2>/dev/null |
	    jq -e '.pods == []' >/dev/null
}

# runc_roots DIR: where runc keeps what it knows.  `ctr run` does not use CRI's
# options and ends up in the default place, which is everybody's.
runc_roots()
{
	printf '%s\n' "$1"/runc/* /run/containerd/runc/*
}

# Ends containers without containerd, which must not run any more: it would
# answer their end.
containers_remove()
{
	local dir=$1 root state

	runc_roots "$dir" | while read -r root; do
		grep -slF "bundle=$dir/containerd/" "$root"/*/state.json |
		while read -r state; do
			runc --root "$root" delete --force \
			    "$(basename "${state%/*}")" \
			    </dev/null >>"$dir/log/rig.log" 2>&1 || :
		done || :
	done
}

# A shim that was killed leaves its socket behind, outside of our folder.
shim_sockets()
{
	local tasks=$1/containerd/state/io.containerd.runtime.v2.task

	# The files end without a newline.
	grep -hs . "$tasks"/k8s.io/*/address | sed 's,^unix://,,' |
	    sort -u
}

# mounts_of DIR: mount points below DIR, innermost first.
mounts_of()
{
	local point

	while read -r _ _ _ _ point _; do
		point=$(printf '%b' "$point")
		case $point in
		"$1"/*) echo "$point" ;;
		esac
	done </proc/self/mountinfo | tac
}

mounts_remove()
{
	local point

	mounts_of "$1" | while read -r point; do
		umount "$point" 2>/dev/null || umount -l "$point" || :
	done
}

# A start that still goes on would put up again what is taken down here.
up_stop()
{
	local pid

	pid=$(cat "$1/run/up" 2>/dev/null) || return 0
	! grep -sqzE '(^|/)rig$' "/proc/$pid/cmdline" ||
	    end_processes 0 "$pid"
}

down()
{
	local dir name sockets

	[ -d "$1" ] || return 0
	dir=$(realpath "$1")
	# Whatever fails, the rest is still to be done.
	set +e +o pipefail
	up_stop "$dir"
	pods_withdraw "$dir"
	for name in watcherd mirrord reconciled containerd; do
		stop "$dir" "$name"
	done
	sockets=$(shim_sockets "$dir")
	containers_remove "$dir"
	# Shims have nothing to save and are slow to leave by themselves.
	# shellcheck disable=SC2046 # a list of numbers
	end_processes 0 $(marked "TRIPOD_RIG=$dir")
	# shellcheck disable=SC2086 # a list of paths without blanks
	[ -z "$sockets" ] || rm -f $sockets
	# shellcheck disable=SC2046 # a list of numbers
	end_processes 0 $(cgroup_processes "$dir")
	mounts_remove "$dir"
	cgroups_remove "$dir" 2>>"$dir/log/rig.log"
	rm -rf "$dir/containerd/state" "$dir/runc" "$dir/run"
}
