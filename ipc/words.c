#include "ipc/words.h"

const char *
phase_str(Tripod__Phase phase)
{
	switch (phase) {
	case TRIPOD__PHASE__PHASE_PENDING:
		return ("Pending");
	case TRIPOD__PHASE__PHASE_RUNNING:
		return ("Running");
	case TRIPOD__PHASE__PHASE_SUCCEEDED:
		return ("Succeeded");
	case TRIPOD__PHASE__PHASE_FAILED:
		return ("Failed");
	case _TRIPOD__PHASE_IS_INT_SIZE:
		break;
	}
	return ("Unknown");
}
