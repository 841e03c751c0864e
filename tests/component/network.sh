#!/bin/bash
# A pod with a network of its own gets an address that answers, and keeps a
# port of the machine when it is replaced.
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

# Another name of the container, the same port, which is not taken then.
ported()
{
	pod net 1 'echo pong >/tmp/index.html; exec httpd -f -p 8080 -h /tmp' |
	    sed "/hostNetwork/d; s/name: main/&\n    ports: [{containerPort: 8080, hostPort: 8088}]/;
	    s/name: main/name: $1/"
}
for name in one two; do
	ported "$name" | put net.yaml
	await 20 is net-node1 '.containers[0].name' "$name"
	await 20 running net-node1
	ip=$(of net-node1 '.podIPs[0]')
	await 10 answers
done
rm "$TRIPOD_MANIFESTS/net.yaml"
await 20 absent net-node1
