#!/bin/bash
# mirrord against an API server (the stand-in, or the real one where
# KUBEBUILDER_ASSETS names it), with a driver in reconciled's place.
# mirror.sh [PATTERN]: only cases whose name contains PATTERN.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
python3 -B "$here/mirror_cases.py" "$STORY" "$@"
