/*
 * The descriptor that both programs are started with.
 */
#ifndef PROBER_CHANNEL_H
#define PROBER_CHANNEL_H

#include <sys/socket.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/log.h"

#define CHANNEL_FD 3 /* a socket to reconciled */

/* Only reconciled and the spawner have it right; exits otherwise. */
static inline void
channel_check(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == -1) {
		log_warnx("this program is for reconciled to start");
		exit(EX_USAGE);
	}
}

#endif
