/* Adds CLOCK_OFFSET seconds to the time of day of a program: compiled as a library for LD_PRELOAD. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = syscall(SYS_clock_gettime, clock, now);
	const char *offset = getenv("CLOCK_OFFSET");
	if (result == 0 && clock == CLOCK_REALTIME && offset)
		now->tv_sec += atoll(offset);
	return result;
}
