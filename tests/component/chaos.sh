#!/bin/bash
# A minute of what "make chaos" does for ten, with the same steps each time.
export CHAOS_TIME=60 CHAOS_SEED="${CHAOS_SEED:-107}"
exec "$(dirname "$0")/../chaos/run" "$@"
