/* Runs a program and lets one of its file system calls fail, stop short, or be its last.
 *
 *     inject LOG FOLDER CALLS WHEN FAULT -- PROGRAM [ARGUMENT...]
 *
 * LOG     receives one line per counted call: `NUMBER NAME PATH`
 * FOLDER  only calls on files below this folder count
 * CALLS   `write`: calls that change a file or a folder; `read`: calls that read one
 * WHEN    the number of the call: `7`, or `7+` for every call from the seventh on; `0` for none
 * FAULT   `kill` (SIGKILL to every process, before the call), `short` (half of the bytes),
 *         `swap` (before the call, as an editor does: FOLDER/next is renamed to what the link FOLDER/place holds),
 *         or the name of an error: EIO ENOSPC EROFS EMFILE ENOMEM EACCES ENOLCK
 *
 * The kernel asks this process about each call (seccomp user notification), so calls of all threads and
 * child processes count in one order, and calls that pass over the C library count too. The exit status is
 * that of the program, or 128 and the number of the signal that ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a call names its file. */
enum where {
	FD,      /* a descriptor, argument 0 */
	OUT_FD,  /* a descriptor, argument `at` */
	PATH,    /* a path, argument 0 */
	AT,      /* a folder's descriptor and a path, arguments `at` and `at` + 1 */
};

struct call {
	int number;
	const char *name;
	char kind; /* 'w': changes, 'r': reads, 'o': opens, for the one or the other; 's': takes no space */
	enum where where;
	int at;
};

#define CALL(name, kind, where, at) { SYS_##name, #name, kind, where, at }

static const struct call calls[] = {
	CALL(openat, 'o', AT, 0),
	CALL(write, 'w', FD, 0),
	CALL(pwrite64, 'w', FD, 0),
	CALL(writev, 'w', FD, 0),
	CALL(fsync, 'w', FD, 0),
	CALL(fdatasync, 'w', FD, 0),
	CALL(ftruncate, 's', FD, 0),
	CALL(fallocate, 'w', FD, 0),
	CALL(copy_file_range, 'w', OUT_FD, 2),
	CALL(sendfile, 'w', FD, 0),
	CALL(fchmod, 's', FD, 0),
	CALL(fchmodat, 's', AT, 0),
	CALL(flock, 's', FD, 0),
	CALL(renameat, 'w', AT, 2),
	CALL(renameat2, 'w', AT, 2),
	CALL(linkat, 'w', AT, 2),
	CALL(symlinkat, 'w', AT, 1),
	CALL(unlinkat, 's', AT, 0),
	CALL(mkdirat, 'w', AT, 0),
	CALL(read, 'r', FD, 0),
	CALL(pread64, 'r', FD, 0),
	CALL(getdents64, 'r', FD, 0),
	CALL(statx, 'r', AT, 0),
	CALL(newfstatat, 'r', AT, 0),
	CALL(readlinkat, 'r', AT, 0),
#ifdef SYS_open /* The calls of old architectures. */
	CALL(open, 'o', PATH, 0),
	CALL(rename, 'w', PATH, 1),
	CALL(link, 'w', PATH, 1),
	CALL(symlink, 'w', PATH, 1),
	CALL(unlink, 's', PATH, 0),
	CALL(rmdir, 's', PATH, 0),
	CALL(mkdir, 'w', PATH, 0),
	CALL(chmod, 's', PATH, 0),
	CALL(stat, 'r', PATH, 0),
	CALL(lstat, 'r', PATH, 0),
	CALL(readlink, 'r', PATH, 0),
#endif
};

enum { COUNT = sizeof calls / sizeof *calls };

static const struct { const char *name; int number; } errors[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EMFILE", EMFILE },
	{ "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "ENOLCK", ENOLCK },
};

static void fail(const char *what)
{
	perror(what);
	_exit(99);
}

/* Asks for every call of the table, in the process that becomes the program. */
static int listen_to_calls(void)
{
	struct sock_filter filter[COUNT + 3];
	int n = 0;
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < COUNT; i++)
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, COUNT - i, 0);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = { .len = n, .filter = filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no_new_privs");
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static const struct call *find(int number)
{
	for (int i = 0; i < COUNT; i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

/* What a link in /proc says, or an empty text. */
static void follow(const char *link, char *text, size_t size)
{
	ssize_t length = readlink(link, text, size - 1);
	text[length < 0 ? 0 : length] = 0;
}

static void path_of_fd(int pid, int fd, char *text, size_t size)
{
	char link[64];
	if (fd == AT_FDCWD)
		snprintf(link, sizeof link, "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
	follow(link, text, size);
}

/* The path that a call is about, absolute. */
static void path_of(const struct call *call, const struct seccomp_notif *asked, char *text, size_t size)
{
	const unsigned long long *args = asked->data.args;
	int pid = asked->pid;
	if (call->where == FD || call->where == OUT_FD) {
		path_of_fd(pid, (int)args[call->at], text, size);
		return;
	}
	int folder = call->where == AT ? (int)args[call->at] : AT_FDCWD;
	unsigned long long address = args[call->where == AT ? call->at + 1 : call->at];
	char name[4096] = "";
	/* Page by page: what follows the text may not be mapped. */
	for (size_t have = 0; have + 1 < sizeof name;) {
		size_t part = 256 - (address + have) % 256;
		if (part > sizeof name - 1 - have)
			part = sizeof name - 1 - have;
		struct iovec here = { name + have, part }, there = { (void *)(address + have), part };
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)part)
			break;
		have += part;
		name[have] = 0;
		if (memchr(name + have - part, 0, part))
			break;
	}
	if (name[0] == '/') {
		snprintf(text, size, "%s", name);
		return;
	}
	path_of_fd(pid, folder, text, size);
	size_t length = strlen(text);
	snprintf(text + length, size - length, "/%s", name);
}

static int counts(const struct call *call, const struct seccomp_notif *asked, char wanted)
{
	if (call->kind != 'o')
		return (call->kind == 'r') == (wanted == 'r');
	int flags = (int)asked->data.args[call->where == AT ? 2 : 1];
	int changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
	return changes == (wanted == 'w');
}

/* Whether a full disk refuses the call: one that takes no space goes through. */
static int takes_space(const struct call *call)
{
	return call->kind != 's';
}

/* Does half of a read or a write in place of the program; -1 if there is nothing to halve. */
static long halve(const struct call *call, const struct seccomp_notif *asked)
{
	static char buffer[1 << 20];
	int is_write = call->number == SYS_write || call->number == SYS_pwrite64;
	int at_offset = call->number == SYS_pwrite64 || call->number == SYS_pread64;
	if (!is_write && call->number != SYS_read && call->number != SYS_pread64)
		return -1;
	size_t length = asked->data.args[2] / 2;
	if (length > sizeof buffer)
		length = sizeof buffer;
	if (length == 0)
		return -1;
	char name[64], line[256];
	int group = asked->pid;
	snprintf(name, sizeof name, "/proc/%d/status", asked->pid);
	FILE *status = fopen(name, "r");
	while (status && fgets(line, sizeof line, status))
		sscanf(line, "Tgid: %d", &group);
	if (status)
		fclose(status);
	int process = syscall(SYS_pidfd_open, group, 0);
	int fd = syscall(SYS_pidfd_getfd, process, (int)asked->data.args[0], 0);
	close(process);
	if (fd < 0)
		fail("pidfd_getfd");
	struct iovec here = { buffer, length }, there = { (void *)asked->data.args[1], length };
	off_t offset = asked->data.args[3];
	long done;
	if (is_write) {
		process_vm_readv(asked->pid, &here, 1, &there, 1, 0);
		done = at_offset ? pwrite(fd, buffer, length, offset) : write(fd, buffer, length);
	} else {
		done = at_offset ? pread(fd, buffer, length, offset) : read(fd, buffer, length);
		here.iov_len = there.iov_len = done < 0 ? 0 : done;
		process_vm_writev(asked->pid, &here, 1, &there, 1, 0);
	}
	close(fd);
	return done;
}

/* Saves the file `next` of a folder as an editor saves: under a name that is in use. */
static void swap(const char *folder)
{
	char next[4096], link[4096], place[4096];
	snprintf(next, sizeof next, "%s/next", folder);
	snprintf(link, sizeof link, "%s/place", folder);
	follow(link, place, sizeof place);
	if (rename(next, place))
		fail(place);
}

int main(int count, char **arguments)
{
	if (count < 8 || strcmp(arguments[6], "--"))
		return fprintf(stderr, "usage: inject LOG FOLDER CALLS WHEN FAULT -- PROGRAM...\n"), 99;
	const char *folder = arguments[2], *fault = arguments[5];
	char wanted = arguments[3][0];
	int when = atoi(arguments[4]), onwards = strchr(arguments[4], '+') != NULL;
	int is_kill = !strcmp(fault, "kill"), is_short = !strcmp(fault, "short"), error = 0;
	int is_swap = !strcmp(fault, "swap");
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (!strcmp(fault, errors[i].name))
			error = errors[i].number;
	if (!is_kill && !is_short && !is_swap && !error)
		return fprintf(stderr, "unknown fault %s\n", fault), 99;

	/* Both share one table of descriptors until the program is started: that hands over the listener. */
	volatile int *listener = mmap(NULL, sizeof *listener, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*listener = -1;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid_t program = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (program == 0) {
		setpgid(0, 0);
		int fd = listen_to_calls();
		if (fd < 0)
			_exit(98);
		*listener = fd;
		execvp(arguments[7], arguments + 7);
		_exit(97);
	}
	while (*listener < 0 && waitpid(program, NULL, WNOHANG) == 0)
		usleep(50);
	if (*listener < 0)
		return fprintf(stderr, "seccomp user notification is not available\n"), 98;
	FILE *log = fopen(arguments[1], "we");
	if (!log)
		fail(arguments[1]);

	int number = 0;
	for (;;) {
		struct pollfd listening = { .fd = *listener, .events = POLLIN };
		if (poll(&listening, 1, -1) < 0 && errno != EINTR)
			fail("poll");
		if (!(listening.revents & POLLIN)) {
			if (listening.revents & POLLHUP)
				break;
			continue;
		}
		struct seccomp_notif asked = { 0 };
		struct seccomp_notif_resp answer = { 0 };
		if (ioctl(*listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			break;
		}
		const struct call *call = find(asked.data.nr);
		char path[8192] = "";
		answer.id = asked.id;
		answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (call && counts(call, &asked, wanted))
			path_of(call, &asked, path, sizeof path);
		if (path[0] && !strncmp(path, folder, strlen(folder))) {
			number++;
			int hit = when && (onwards ? number >= when : number == when);
			fprintf(log, "%d %s %s\n", number, call->name, path);
			fflush(log);
			if (hit && is_kill) {
				kill(-program, SIGKILL);
				kill(asked.pid, SIGKILL);
				continue;
			}
			if (hit && is_swap)
				swap(folder);
			long done = hit && is_short ? halve(call, &asked) : -1;
			if (done >= 0) {
				answer.val = done;
				answer.flags = 0;
			} else if (hit && error && (error != ENOSPC || takes_space(call))) {
				answer.error = -error;
				answer.flags = 0;
			}
		}
		/* A process that was killed in between no longer waits for an answer. */
		ioctl(*listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	int status = 0, ended = 0;
	for (pid_t pid; (pid = wait(&ended)) > 0;)
		if (pid == program)
			status = ended;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
