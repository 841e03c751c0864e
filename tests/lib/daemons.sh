# Tripod's three daemons, configured for one folder.
# shellcheck shell=bash

tripod='reconciled watcherd mirrord'

# settings EXTRA: copies "key value" lines, but not those whose key is in
# EXTRA, which follows: a test says what it wants without knowing our lines.
settings()
{
	local line

	while read -r line; do
		settings_have "$1" "$line" || echo "$line"
	done
	[ -z "$1" ] || printf '%s\n' "$1"
}

# The value of each of our lines is one word, so the key is what is left.
settings_have()
{
	local line

	while read -r line; do
		[ "${line#"${2% *} "}" = "$line" ] || return 0
	done <<<"$1"
	return 1
}

# In namespaces of its own the machine has but one address.
node_address()
{
	[ -z "${TRIPOD_ISOLATED-}" ] || echo node address 10.88.0.1
}

# cgroup_root DIR: the pods' own place in the hierarchy, so that afterwards it
# is known what belongs to whom.  Made from the path: down may find no files.
cgroup_root()
{
	local sum

	sum=$(sha256sum <<<"$1")
	echo "/tripod-rig-${sum:0:12}"
}

daemons_conf()
{
	local dir=$1 node=$2 kubeconfig=$3 etc=$1/etc

	settings "${TRIPOD_RECONCILED_CONF-}" >"$etc/reconciled.conf" <<EOT
runtime $(cat "$dir/run/runtime")
manifests $dir/manifests
node $node
sockets $dir/run
state $dir/state
pod logs $dir/log/pods
container logs $dir/log/containers
cgroup root $(cgroup_root "$dir")
watch user 64201
mirror user 64202
probe user 64203
prober $(realpath "$TRIPOD_BIN/tripod-prober")
control group 0
log level debug
$(node_address)
EOT
	settings "${TRIPOD_WATCHERD_CONF-}" >"$etc/watcherd.conf" <<EOT
socket $dir/run/watch.sock
user 64201
rescan 20s
log level debug
EOT
	settings "${TRIPOD_MIRRORD_CONF-}" >"$etc/mirrord.conf" <<EOT
socket $dir/run/mirror.sock
user 64202
log level debug
${kubeconfig:+kubeconfig $kubeconfig}
EOT
	# An empty line is what an option that was not given leaves.
	sed -i '/^$/d' "$etc"/*.conf
}

tripodctl()
{
	"$TRIPOD_BIN/tripodctl" -s "$1/run/control.sock" "${@:2}"
}

# Everybody is there, each on its connection to reconciled.
daemons_ready()
{
	tripodctl "$1" status -o json 2>/dev/null |
	    jq -e '[.daemons[] | select(.name != "api" and .up) | .name] |
	    contains(["mirrord", "reconciled", "runtime", "watcherd"])' \
	    >/dev/null
}

daemons_built()
{
	local name

	for name in $tripod tripodctl tripod-prober tripod-spawner; do
		[ -x "$TRIPOD_BIN/$name" ] ||
		    die "$TRIPOD_BIN/$name is missing: make"
	done
}

daemons_settled()
{
	# shellcheck disable=SC2086 # a list of words
	daemons_ready "$1" || dying "$1" $tripod
}

daemons_up()
{
	local dir=$1 node=$2 kubeconfig=$3 name

	mkdir -p "$dir/log"
	# As kubeadm makes it.
	[ -e "$dir/manifests" ] || mkdir -m 700 "$dir/manifests"
	daemons_conf "$dir" "$node" "$kubeconfig"
	for name in $tripod; do
		start "$dir" "$name" "$TRIPOD_BIN/$name" \
		    -f "$dir/etc/$name.conf"
	done
	poll 30 daemons_settled "$dir" && daemons_ready "$dir" ||
	    die "the daemons are not ready, see $dir/log"
}

print_daemons()
{
	local dir=$1 name pids=''

	for name in $tripod; do
		pids="$pids${pids:+ }$(cat "$dir/run/$name.pid")"
	done
	assign TRIPOD_MANIFESTS "$dir/manifests"
	assign TRIPOD_CONTROL "$dir/run/control.sock"
	assign TRIPOD_PIDS "$pids"
}
