# Sourced by the checks in tests/lint.
# shellcheck shell=sh

cd "$(dirname "$0")/../.." || exit 1
obj=${TRIPOD_OBJ:-obj}

# sources SUFFIX...: the files of the project, as git knows them; in an
# unpacked archive all there are.
sources()
{
	names=''
	for suffix; do
		names="$names *.$suffix"
	done
	set -f
	# shellcheck disable=SC2086 # patterns, and git expands them
	git -c safe.directory='*' ls-files -- $names 2>/dev/null |
	    grep . || for suffix in $names; do
		find . -path './obj*' -prune -o -type f -name "$suffix" -print |
		    sed 's,^\./,,'
	done
	set +f
}

programs()
{
	for name in watcherd reconciled mirrord tripodctl \
	    tripod-prober tripod-spawner; do
		echo "$obj/bin/$name"
	done
}
