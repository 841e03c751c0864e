#!/bin/bash
# A pod with a network of its own gets an address that answers.
. "$(dirname "$0")/story.sh"
begin "$@"
up
pod net 1 'echo pong >/tmp/index.html; exec httpd -f -p 8080 -h /tmp' |
    sed '/hostNetwork/d' | put net.yaml
await 20 running net-node1
await 5 is net-node1 '.podIPs | length' 1
ip=$(of net-node1 '.podIPs[0]')
answers() { [ "$(curl -s --max-time 1 "http://$ip:8080/")" = pong ]; }
await 10 answers
rm "$TRIPOD_MANIFESTS/net.yaml"
await 20 absent net-node1
