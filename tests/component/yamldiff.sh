#!/bin/bash
# YAML is read as a kubelet reads it: the library that a kubelet uses and ours
# get the same texts, many of them damaged, and must give the same answers.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
: "${TRIPOD_OBJ:=$PWD/obj}"

library=/usr/share/gocode/src/sigs.k8s.io/yaml
if ! command -v go >/dev/null || [ ! -d $library ]; then
	echo "cannot run on this machine: no go, or no $library"
	exit 77
fi
work=$(mktemp -d /tmp/yamldiff.XXXXXX)
trap 'rm -rf "$work"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$work/cache GOFLAGS='' \
    go build -o "$work/reference" tests/yamldiff/reference.go
for seed in ${YAMLDIFF_SEEDS:-4 5}; do
	tests/yamldiff/yamldiff "$work/reference" \
	    "$TRIPOD_OBJ/tests/yamldiff/tripod" tests/fixtures/manifests \
	    "$seed" 20000
done
