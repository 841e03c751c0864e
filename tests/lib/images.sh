# What rig builds once and keeps below the object folder.
# shellcheck shell=bash

# make_once TARGET SOURCE... -- COMMAND...: runs COMMAND unless TARGET was made
# from the same SOURCEs.  Contents are compared, not times: a package's files
# may be dated in the future.  Several rigs may start at once, so one builds
# and the rest wait.
make_once()
{
	local target=$1 sources=() sum lock

	shift
	while [ "$1" != -- ]; do
		sources+=("$1")
		shift
	done
	shift
	mkdir -p "$made"
	exec {lock}>"$target.lock"
	flock "$lock"
	sum=$(cat "${sources[@]}" | sha256sum)
	if [ ! -e "$target" ] || [ "$sum" != "$(cat "$target.sum")" ]; then
		"$@" || die "cannot make $target"
		echo "$sum" >"$target.sum"
	fi
	exec {lock}>&-
}

images_archive()
{
	local busybox

	busybox=$(command -v busybox) || die "busybox is missing: make deps"
	make_once "$made/images.tar" "$lib/rig-images" "$lib/pause.c" \
	    "$busybox" -- "$lib/rig-images" "$made/images.tar"
}
