#include "mirrord/backoff.h"

int64_t
backoff_ms(
    const struct backoff *b, unsigned int n, int64_t floor_ms, uint32_t rnd)
{
	int64_t wait = b->first_ms, spread;

	while (n > 1 && wait < b->cap_ms) {
		wait *= 2;
		n--;
	}
	if (wait > b->cap_ms)
		wait = b->cap_ms;
	spread = wait * b->spread_percent / 100;
	if (spread > 0)
		wait += (int64_t)(rnd % (uint64_t)(2 * spread + 1)) - spread;
	return (wait < floor_ms ? floor_ms : wait);
}
