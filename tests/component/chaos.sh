#!/bin/bash
# A minute of what "make chaos" does for ten.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
: "${CHAOS_TIME:=60}"
export CHAOS_TIME
"$here/../chaos/chaos" "$STORY"
