#!/bin/bash
# watcherd on real folders, with a driver in reconciled's place that lends
# them and notes every message.
# watch.sh [PATTERN]: only cases whose name contains PATTERN.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/story.sh"
begin "$@"
python3 -B "$here/watch_cases.py" "$TRIPOD_BIN/watcherd" "$STORY" "$@"
