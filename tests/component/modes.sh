#!/bin/bash
# Only what root alone can write is read, and only from the folder.
. "$(dirname "$0")/story.sh"
begin "$@"
up
[ "$(stat -c %a "$TRIPOD_MANIFESTS")" = 700 ]
pod good 1 | put good.yaml
[ "$(stat -c '%a %u' "$TRIPOD_MANIFESTS/good.yaml")" = '600 0' ]
await 20 running good-node1

pod loose 1 >"$STORY/loose.yaml"
chmod 660 "$STORY/loose.yaml"
mv "$STORY/loose.yaml" "$TRIPOD_MANIFESTS/loose.yaml"
await 10 refused loose.yaml 'strict modes'

pod outside 1 >"$STORY/outside.yaml"
ln -s "$STORY/outside.yaml" "$TRIPOD_MANIFESTS/link.yaml"
await 10 refused link.yaml 'folder'

mkfifo "$TRIPOD_MANIFESTS/pipe.yaml"
await 10 refused pipe.yaml 'regular'

# A link that stays inside is fine.
pod inside 1 | put .inside
ln -s .inside "$TRIPOD_MANIFESTS/inside.yaml" || :
mv "$TRIPOD_MANIFESTS/..inside" "$TRIPOD_MANIFESTS/.inside" 2>/dev/null || :
await 30 running inside-node1
running good-node1
absent loose-node1
absent outside-node1

# The folder is moved away: all stays; a new one takes over.
mv "$TRIPOD_MANIFESTS" "$STORY/moved"
stays 2 running good-node1
mkdir -m 700 "$TRIPOD_MANIFESTS"
pod fresh 1 | put fresh.yaml
await 20 running fresh-node1
await 20 absent good-node1
