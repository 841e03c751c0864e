# The stand-in API server.
# shellcheck shell=bash

# apiserver_up DIR [OPTION...]: options are the stand-in's own.  Started again
# in the same DIR it has the same port, keys and objects: a server that was
# away for a while.
apiserver_up()
{
	local dir command

	mkdir -p "$1"
	dir=$(realpath "$1")
	shift
	command=("$top/tests/apiserver/apiserver" --background --dir "$dir")
	[ ! -e "$dir/rig-port" ] ||
	    command+=(--port "$(cat "$dir/rig-port")")
	if [ -n "${KUBEBUILDER_ASSETS-}" ]; then
		command+=(--real)
	else
		command+=(--store "$dir/store.json")
	fi
	(
		close_descriptors
		TRIPOD_RIG_API=$dir exec "${command[@]}" "$@"
	) </dev/null >&2 || die "cannot start the API server"
	cp "$dir/port" "$dir/rig-port"
	assign TRIPOD_API_ADMIN "$dir/admin.kubeconfig"
	assign TRIPOD_API_NODE "$dir/node.kubeconfig"
	assign TRIPOD_API_URL "https://127.0.0.1:$(cat "$dir/port")"
	assign TRIPOD_API_CA "$dir/ca.crt"
}

apiserver_down()
{
	local dir pids

	[ -d "$1" ] || return 0
	dir=$(realpath "$1")
	# etcd and kube-apiserver are ended by the one that started them.
	pids=$(marked "TRIPOD_RIG_API=$dir")
	[ ! -e "$dir/pid" ] || kill -TERM "$(cat "$dir/pid")" 2>/dev/null || :
	# shellcheck disable=SC2086 # a list of numbers
	poll 10 none_alive $pids || end_processes 1 $pids
	rm -f "$dir/pid" "$dir/port"
}
