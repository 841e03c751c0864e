#!/bin/bash
# Manifests without a daemon: tripodctl check, explain and render.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
fixtures=$here/../fixtures/manifests
watcherd=$TRIPOD_BIN/watcherd
tripodctl=$TRIPOD_BIN/tripodctl
bad=$STORY/bad.yaml
good=$STORY/good.yaml
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: A}\nspec: {}\n' >"$bad"

# pod NAME [UID]: a good manifest.
pod()
{
	printf 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n' "$1"
	[ $# -lt 2 ] || printf '  uid: %s\n' "$2"
	printf 'spec:\n  containers:\n  - {name: main, image: x}\n'
}
pod good >"$good"
# What a kubelet takes, and Tripod warns about.
odd=$STORY/odd.yaml
{ pod odd; echo '  nonsense: 1'; } >"$odd"

# is STATUS COMMAND...: the exit status, with output kept in a file.
is()
{
	local want=$1 got=0

	shift
	"$@" >"$STORY/out" 2>"$STORY/err" || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want"
}

# says TEXT, tells TEXT: the output, or standard error, is this.
says()
{
	diff - "$STORY/out" <<<"$1" || fail "says something else"
}

tells()
{
	diff - "$STORY/err" <<<"$1" || fail "tells something else"
}

# lacks PATTERN FILE
lacks()
{
	if grep -q "$1" "$2"; then
		fail "there is $1"
	fi
}

# jq_is FILTER: it holds for the output.
jq_is()
{
	jq -e "$1" "$STORY/out" >/dev/null || {
		cat "$STORY/out"
		fail "not so: $1"
	}
}

both_judge()
{
	local check

	for check in "$watcherd -t" "$tripodctl check"; do
		# shellcheck disable=SC2086 # two words
		is 0 $check "$fixtures/crlf-bom.yaml"
		[ ! -s "$STORY/out" ] || fail "says something about a good file"
		tells '1 file, 0 refused'
		# shellcheck disable=SC2086
		is 1 $check "$fixtures/crlf-bom.yaml" "$bad"
		grep -Fq "$bad:3:18: metadata.name: with " "$STORY/out"
		grep -Fqx "$bad:4:7: spec.containers: is required" "$STORY/out"
		tells '2 files, 1 refused'
		# shellcheck disable=SC2086
		is 66 $check "$bad" "$STORY/nothing"
		grep -Fq "$STORY/nothing: No such file" "$STORY/err"
		grep -Fqx '2 files, 1 refused, 1 unreadable' "$STORY/err"
		# shellcheck disable=SC2086
		is 64 $check
		# shellcheck disable=SC2086
		is 64 $check -N 'not a node' "$bad"
		# shellcheck disable=SC2086
		is 64 $check -o xml "$bad"
		# The node's name ends the pod's.
		# shellcheck disable=SC2086
		is 1 $check -N host1 "$bad"
		grep -Fq 'with "-host1" behind it' "$STORY/out"
		# A warning is no error, and says that it is one.
		# shellcheck disable=SC2086
		is 1 $check "$odd"
		# shellcheck disable=SC2086
		is 0 $check -L "$odd"
		grep -Fqx "$odd:8:3: warning: spec.nonsense: unknown field" \
		    "$STORY/out"
		tells '1 file, 0 refused, 1 warning'
	done
}

# The place is marked, whatever the line has.
marks()
{
	printf 'kind: Pod\r\nmetadata: {name: w, labels: {"日本": x}}\r\n%s' \
	    'apiVersion:	v2' >"$STORY/mark.yaml"
	is 1 "$tripodctl" check "$STORY/mark.yaml"
	grep -v "^$STORY/mark.yaml:" "$STORY/out" >"$STORY/marks"
	diff - "$STORY/marks" <<'END' || fail "other marks"
    apiVersion:     v2
                    ^~
END
	# Nothing from the file plays with the terminal.
	is 1 "$tripodctl" check "$fixtures/terminal.yaml"
	lacks "$(printf '\033')" "$STORY/out"
	# Colour is for terminals only, and for those who want it.
	script -qec "$tripodctl check $bad" /dev/null >"$STORY/out" || :
	grep -q "$(printf '\033')\[1;31m^" "$STORY/out"
	NO_COLOR=1 script -qec "$tripodctl check $bad" /dev/null \
	    >"$STORY/out" || :
	lacks "$(printf '\033')" "$STORY/out"
}

# A folder is judged as the daemon judges its own.
folders()
{
	local d=$STORY/folder

	mkdir "$d" "$d/sub.yaml"
	pod one >"$d/b.yaml"
	pod one >"$d/a.yml"
	pod two my-uid >"$d/c.yaml"
	pod three my-uid >"$d/d.json"
	pod one >"$d/.hidden.yaml"
	pod one >"$d/b.yaml~"
	ln -s c.yaml "$d/e.yaml"
	ln -s "$good" "$d/outside.yaml"
	ln -s nothing "$d/nowhere.yaml"
	mkdir "$STORY/secret"
	pod secret >"$STORY/secret/a.yaml"
	chmod 600 "$STORY/secret/a.yaml"
	is 1 "$tripodctl" check -v -N n1 "$d/"
	grep -Fqx "$d/.hidden.yaml: ignored: its name begins with a dot" \
	    "$STORY/out"
	grep -Fqx "$d/b.yaml~: ignored: its name does not end in .yaml, .yml or \
.json" "$STORY/out"
	grep -q "^$d/a.yml: valid: pod default/one-n1, uid [0-9a-f]\{32\}$" \
	    "$STORY/out"
	grep -Fqx "$d/b.yaml:4:9: a.yml defines the pod default/one-n1 \
already, in line 4" "$STORY/out"
	grep -Fqx "$d/d.json:4:9: c.yaml gives the uid my-uid to the pod \
default/two-n1 already, in line 4" "$STORY/out"
	grep -Fqx "$d/e.yaml:4:9: c.yaml defines the pod default/two-n1 \
already, in line 4" "$STORY/out"
	grep -Fqx "$d/outside.yaml: leads out of the folder" "$STORY/out"
	grep -Fqx "$d/nowhere.yaml: a link that leads nowhere" "$STORY/out"
	grep -Fqx "$d/sub.yaml: not a regular file" "$STORY/out"
	grep -Fqx '8 files, 6 refused, 2 ignored' "$STORY/err"
	mkdir "$STORY/modes"
	pod four >"$STORY/modes/a.yaml"
	pod five >"$STORY/modes/b.yaml"
	pod six >"$STORY/modes/c.yaml"
	chmod 644 "$STORY/modes/"*
	chmod g+w "$STORY/modes/b.yaml"
	chown 64201 "$STORY/modes/c.yaml"
	is 0 "$tripodctl" check "$STORY/modes"
	says "$STORY/modes/b.yaml: warning: mode 0664 lets others write: \
refused with \"strict modes\"
$STORY/modes/c.yaml: warning: belongs to uid 64201, not to root: refused with \
\"strict modes\""
	is 66 setpriv --reuid 64201 --regid 64201 --clear-groups \
	    "$tripodctl" check "$STORY/secret"
	grep -Fqx "$STORY/secret/a.yaml: Permission denied" "$STORY/err"
	is 1 "$tripodctl" check "$d"
	lacks ignored: "$STORY/out"
	is 1 "$tripodctl" check -L "$d"
	grep -Fqx '9 files, 7 refused, 1 ignored' "$STORY/err"
	is 1 "$tripodctl" check -o json "$d"
	jq_is '[.files[] | select(.verdict == "ignored")][0].message ==
	    "its name begins with a dot"'
	# Each pod of a file is settled on its own.
	mkdir "$STORY/several"
	pod one >"$STORY/several/a.yaml"
	{ pod one; echo ---; pod two; } >"$STORY/several/b.yaml"
	pod two >"$STORY/several/c.yaml"
	is 1 "$tripodctl" check "$STORY/several"
	says "$STORY/several/b.yaml:4:9: a.yaml defines the pod \
default/one-node already, in line 4
      name: one
            ^~~
$STORY/several/c.yaml:4:9: b.yaml defines the pod \
default/two-node already, in line 12
      name: two
            ^~~"
	# Files that are named are no rivals: they may be versions of one.
	is 0 "$tripodctl" check "$d/a.yml" "$d/b.yaml"
	mkdir "$STORY/empty"
	is 0 "$tripodctl" check "$STORY/empty"
	tells '0 files, 0 refused'
}

# confined PID: no new privileges, and a system call filter.
confined()
{
	grep -q '^NoNewPrivs:.1' "/proc/$1/status" &&
	    grep -q '^Seccomp:.2' "/proc/$1/status"
}

streams()
{
	local pid

	# Before the first byte is read.
	mkfifo "$STORY/fifo"
	exec 3<>"$STORY/fifo"
	"$tripodctl" check - <"$STORY/fifo" >/dev/null 2>&1 3>&- &
	pid=$!
	await 10 confined $pid
	cat "$good" >&3
	exec 3>&-
	wait $pid
	is 0 "$tripodctl" check - <"$good"
	is 1 "$tripodctl" check - < <(cat "$bad")
	grep -q '^<stdin>:3:18: ' "$STORY/out"
	is 1 "$tripodctl" check --stdin-name web.yaml - <"$bad"
	grep -q '^web.yaml:3:18: ' "$STORY/out"
	is 66 "$tripodctl" check - < <(head -c 2000000 /dev/zero || :)
	grep -Fqx '<stdin>: has more than 1048576 bytes' "$STORY/err"
	is 66 "$tripodctl" check - <&-
	# What cannot be written is no verdict.
	is 74 sh -c "exec $tripodctl check '$bad' >/dev/full"
}

programs()
{
	is 1 "$tripodctl" check --lenient -o json "$good" "$bad" "$odd"
	[ ! -s "$STORY/err" ] || fail "talks beside the JSON"
	jq_is '[.files[].verdict] == ["valid", "refused", "valid"]'
	jq_is '.files[0].pods == [{namespace: "default", name: "good-node",
	    uid: .files[0].pods[0].uid}]'
	jq_is '.files[1].pods == []'
	jq_is ".problems[0] == {file: \"$bad\", line: 3, column: 18,
	    endColumn: 19, severity: \"error\", field: \"metadata.name\",
	    message: .problems[0].message}"
	jq_is '.problems[1] | .line == 4 and (has("endColumn") | not)'
	jq_is '.problems[-1].severity == "warning"'
	is 66 "$tripodctl" check -o json "$STORY/nothing"
	jq_is '.files[0] | .verdict == "unreadable" and .message ==
	    "No such file or directory"'
	jq_is '.problems == []'
	# Names are bytes, JSON is UTF-8.
	cp "$bad" "$STORY/$(printf 'x\377"\001.yaml')"
	is 1 "$tripodctl" check -o json "$STORY"/x*.yaml
	jq_is '.files[0].file | endswith("/x\ufffd\"\u0001.yaml")'
	rm "$STORY"/x*.yaml
	is 1 "$tripodctl" check -q "$good" "$bad"
	[ ! -s "$STORY/out" ] && [ ! -s "$STORY/err" ] || fail "is not quiet"
}

explains()
{
	is 0 "$tripodctl" explain 'spec.containers[0].livenessProbe.httpGet.port'
	grep -qx 'spec.containers.livenessProbe.httpGet.port' "$STORY/out"
	grep -qx '  type      int or string' "$STORY/out"
	grep -qx '  required  yes' "$STORY/out"
	grep -q '^  rule      1 to 65535 or a port name' "$STORY/out"
	grep -q '^  support   ' "$STORY/out"
	is 0 "$tripodctl" explain spec.containers.imagePullPolicy
	grep -qx '  default   Always for :latest or no tag, else IfNotPresent' \
	    "$STORY/out"
	grep -qx '  rule      one of Always, IfNotPresent, Never' "$STORY/out"
	is 0 "$tripodctl" explain spec.hostnameOverride
	grep -q 'at most 64 bytes$' "$STORY/out"
	is 0 "$tripodctl" explain spec.containers
	grep -qx '  rule      each with another name' "$STORY/out"
	is 0 "$tripodctl" explain spec.containers.startupProbe
	grep -qx '  since     1.16' "$STORY/out"
	grep -qx 'fields of Probe:' "$STORY/out"
	lacks '^   *path ' "$STORY/out"
	is 0 "$tripodctl" explain --recursive Probe
	grep -q '^    path ' "$STORY/out"
	is 0 "$tripodctl" explain httpGet.port
	grep -qx '  spec.containers.lifecycle.preStop.httpGet.port' "$STORY/out"
	is 0 "$tripodctl" explain 'metadata.labels["a.b/c"]'
	grep -qx 'metadata.labels' "$STORY/out"
	is 0 "$tripodctl" explain pod.spec.containers.image
	grep -qx 'spec.containers.image' "$STORY/out"
	is 1 "$tripodctl" explain probe
	tells 'no field probe, did you mean Probe?'
	is 0 "$tripodctl" explain
	grep -qx 'fields of Pod:' "$STORY/out"
	is 1 "$tripodctl" explain spec.containers.livnessProbe
	tells 'spec.containers has no field livnessProbe, did you mean livenessProbe?'
	is 1 "$tripodctl" explain imagepullpolicy
	tells 'no field imagepullpolicy, did you mean imagePullPolicy?'
	is 1 "$tripodctl" explain spec.hostNetwork.x
	tells 'spec.hostNetwork has no field x'
	is 1 "$tripodctl" explain "$(head -c 9999 /dev/zero | tr '\0' .)"
	is 1 "$tripodctl" explain "$(printf '\033[1m')"
	lacks "$(printf '\033')" "$STORY/err"
	is 0 "$tripodctl" explain -o json httpGet.port
	jq_is 'length > 5 and all(.required) and .[0].minimum == 1'
	is 0 "$tripodctl" explain -r -o json
	jq_is '[.. | .path? // empty] | length > 1000'
	is 0 "$tripodctl" explain -o json spec.dnsPolicy
	jq_is '.[0] | .default == "ClusterFirst" and (.enum | length == 4)'
	is 64 "$tripodctl" explain a b
	is 64 "$tripodctl" explain -o markdown
}

renders()
{
	is 0 "$tripodctl" render "$good"
	grep -qx '  restartPolicy: Always' "$STORY/out"
	[ ! -s "$STORY/err" ] || fail "talks beside the manifest"
	# What is written is the same pod.
	cp "$STORY/out" "$STORY/rendered.yaml"
	is 0 "$tripodctl" render -o json --stdin-name good.yaml - <"$good"
	cp "$STORY/out" "$STORY/once"
	is 0 "$tripodctl" render -o json "$STORY/rendered.yaml"
	cmp "$STORY/once" "$STORY/out"
	jq_is '.spec.containers[0].imagePullPolicy == "Always"'
	is 0 "$tripodctl" render -N n1 -o identity "$good"
	sha=$(sha256sum <"$STORY/out")
	is 0 "$tripodctl" check -N n1 -o json "$good"
	jq_is ".files[0].pods[0].uid == \"${sha:0:32}\""
	is 1 "$tripodctl" render "$bad"
	[ ! -s "$STORY/out" ] || fail "writes what is not valid"
	grep -q "^$bad:3:18: metadata.name: " "$STORY/err"
	is 1 "$tripodctl" render -o identity "$STORY/several/b.yaml"
	tells "$STORY/several/b.yaml: defines several pods"
	is 66 "$tripodctl" render "$STORY/nothing"
	is 66 "$tripodctl" render "$STORY"
	tells "$STORY: is a folder"
	is 64 "$tripodctl" render "$good" "$good"
	is 64 "$tripodctl" render -o text "$good"
	is 74 sh -c "exec $tripodctl render '$good' >/dev/full"
}

# The output fits a terminal and no line ends with blanks.
not_ugly()
{
	! grep -E '.{81}| $' "$STORY/out"
}

helps()
{
	local command

	for command in status plan events logs restart wait apply check \
	    explain render log shutdown; do
		is 0 "$tripodctl" "$command" --help
		grep -Eq "^usage: tripodctl $command( |$)" "$STORY/out"
		not_ugly
		cp "$STORY/out" "$STORY/help"
		is 0 "$tripodctl" help "$command"
		cmp "$STORY/out" "$STORY/help"
	done
	is 0 "$tripodctl" --help
	cp "$STORY/out" "$STORY/help"
	is 0 "$tripodctl" help
	cmp "$STORY/out" "$STORY/help"
	not_ugly
	is 64 "$tripodctl" checks
	grep -q 'unknown command "checks"' "$STORY/err"
	is 64 "$tripodctl" status -o yaml
	grep -q 'not understood: "yaml"' "$STORY/err"
}

both_judge
marks
folders
streams
programs
explains
renders
helps
# Anybody may check what he can read.
chmod 644 "$bad"
is 1 setpriv --reuid 64201 --regid 64201 --clear-groups \
    "$watcherd" -t "$bad"
# 1000 files at once, and no more.
for i in $(seq 1000); do
	ln "$bad" "$STORY/$i.yaml"
done
is 1 "$watcherd" -t "$STORY"/[0-9]*.yaml
tells '1000 files, 1000 refused'
is 66 "$watcherd" -t "$STORY"/[0-9]*.yaml "$good"
grep -Fqx "$good: is one of more than 1000 manifests" "$STORY/err"
