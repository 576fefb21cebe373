/* SPDX-License-Identifier: Apache-2.0
 *
 * A faster clock for programs that know nothing of it: preloaded (LD_PRELOAD), it answers for the
 * machine's clocks and shortens every wait by the same factor. Both come from a page in a file
 * (SOAK_CLOCK) that the test writes and many processes read; which of its wall clocks a process
 * sees is said by SOAK_WALL. The wall clock may jump; the monotonic one never does.
 *
 * Debian's libfaketime 0.9.10 was tried first: waits for a lock (sem_clockwait of CPython 3.11,
 * sem_timedwait of 3.9) are not scaled by it, and last for hours.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
/* Waits that are shorter are ticks of the program, such as the 5 ms after which CPython's threads
 * take turns: scaled, they would only cost processor time. */
#define TICK (60 * 1000 * 1000)

struct page {
    volatile uint64_t turn; /* odd while the rest is being written */
    double speed;
    int64_t real;    /* the machine's monotonic nanoseconds at which ... */
    int64_t shown;   /* ... these were shown as monotonic ones */
    int64_t wall[2]; /* what is added for each wall clock */
};

static const struct page *page;
static int which;

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
static int (*real_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
static int (*real_pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
                           const sigset_t *);
static int (*real_epoll)(int, struct epoll_event *, int, int);
static int (*real_sem)(sem_t *, clockid_t, const struct timespec *);
static int (*real_cond)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_condclock)(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                             const struct timespec *);

static void *found(const char *name, const char *version) {
    /* dlsym alone may give the oldest of several versions. */
    void *at = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
    return at ? at : dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void) {
    if (real_gettime)
        return;
    real_nanosleep = found("clock_nanosleep", NULL);
    real_ppoll = found("ppoll", NULL);
    real_pselect = found("pselect", NULL);
    real_epoll = found("epoll_wait", NULL);
    real_sem = found("sem_clockwait", NULL);
    real_cond = found("pthread_cond_timedwait", "GLIBC_2.3.2");
    real_condclock = found("pthread_cond_clockwait", NULL);
    real_gettime = found("clock_gettime", NULL);
    const char *path = getenv("SOAK_CLOCK");
    const char *wall = getenv("SOAK_WALL");
    which = wall && wall[0] == '1';
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *at = mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (at != MAP_FAILED)
        page = at;
}

static int64_t ns(const struct timespec *t) { return t->tv_sec * SECOND + t->tv_nsec; }

static struct timespec spec(int64_t n) {
    if (n < 0)
        n = 0;
    struct timespec t = {n / SECOND, n % SECOND};
    return t;
}

static struct page read_page(void) {
    struct page copy;
    do {
        while ((copy.turn = __atomic_load_n(&page->turn, __ATOMIC_ACQUIRE)) & 1)
            ;
        copy.speed = page->speed;
        copy.real = page->real;
        copy.shown = page->shown;
        copy.wall[0] = page->wall[0];
        copy.wall[1] = page->wall[1];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (copy.turn != page->turn);
    return copy;
}

static int64_t machine(void) {
    struct timespec t;
    real_gettime(CLOCK_MONOTONIC, &t);
    return ns(&t);
}

/* What a clock shows; the wall clock of this process or the monotonic one. */
static int64_t shown(int wall) {
    struct page p = read_page();
    int64_t monotonic = p.shown + (int64_t)((double)(machine() - p.real) * p.speed);
    return wall ? monotonic + p.wall[which] : monotonic;
}

/* The machine's nanoseconds for a wait of so many shown ones. */
static int64_t shorter(int64_t n) {
    if (!page || n < TICK)
        return n;
    int64_t scaled = (int64_t)((double)n / read_page().speed);
    return scaled < 1000 ? 1000 : scaled;
}

/* When on the machine's monotonic clock a moment comes that is shown by a wall clock or not. */
static struct timespec moment(const struct timespec *until, int wall) {
    int64_t left = ns(until) - shown(wall);
    return spec(machine() + (left > 0 ? shorter(left) : 0));
}

static int is_wall(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE; }

static int is_monotonic(clockid_t id) {
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW ||
           id == CLOCK_BOOTTIME;
}

int clock_gettime(clockid_t id, struct timespec *t) {
    begin();
    if (!page || !(is_wall(id) || is_monotonic(id)))
        return real_gettime(id, t);
    *t = spec(shown(is_wall(id)));
    return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left) {
    begin();
    if (!page)
        return real_nanosleep(id, flags, t, left);
    int64_t wait = ns(t);
    if (flags & TIMER_ABSTIME)
        wait -= shown(is_wall(id));
    struct timespec scaled = spec(shorter(wait));
    int code = real_nanosleep(CLOCK_MONOTONIC, 0, &scaled, left);
    if (code == EINTR && left)
        *left = spec((int64_t)((double)ns(left) * read_page().speed));
    return code;
}

int nanosleep(const struct timespec *t, struct timespec *left) {
    int code = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
    if (code)
        errno = code;
    return code ? -1 : 0;
}

int usleep(useconds_t n) {
    struct timespec t = spec((int64_t)n * 1000);
    return nanosleep(&t, NULL);
}

int ppoll(struct pollfd *files, nfds_t count, const struct timespec *t, const sigset_t *mask) {
    begin();
    struct timespec scaled = t ? spec(shorter(ns(t))) : spec(0);
    return real_ppoll(files, count, t ? &scaled : NULL, mask);
}

int poll(struct pollfd *files, nfds_t count, int ms) {
    struct timespec t = spec((int64_t)ms * 1000000);
    return ppoll(files, count, ms < 0 ? NULL : &t, NULL);
}

int pselect(int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
            const struct timespec *restrict t, const sigset_t *restrict mask) {
    begin();
    struct timespec scaled = t ? spec(shorter(ns(t))) : spec(0);
    return real_pselect(count, r, w, e, t ? &scaled : NULL, mask);
}

int select(int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
           struct timeval *restrict t) {
    struct timespec wait = {t ? t->tv_sec : 0, t ? t->tv_usec * 1000 : 0};
    return pselect(count, r, w, e, t ? &wait : NULL, NULL);
}

int epoll_wait(int file, struct epoll_event *events, int most, int ms) {
    begin();
    if (ms > 0) {
        int64_t scaled = shorter((int64_t)ms * 1000000);
        ms = (int)((scaled + 999999) / 1000000);
    }
    return real_epoll(file, events, most, ms);
}

int sem_clockwait(sem_t *sem, clockid_t id, const struct timespec *until) {
    begin();
    if (!page)
        return real_sem(sem, id, until);
    struct timespec at = moment(until, is_wall(id));
    return real_sem(sem, CLOCK_MONOTONIC, &at);
}

int sem_timedwait(sem_t *sem, const struct timespec *until) {
    return sem_clockwait(sem, CLOCK_REALTIME, until);
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t id,
                           const struct timespec *until) {
    begin();
    if (!page)
        return real_condclock(cond, mutex, id, until);
    struct timespec at = moment(until, is_wall(id));
    return real_condclock(cond, mutex, CLOCK_MONOTONIC, &at);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until) {
    begin();
    if (!page)
        return real_cond(cond, mutex, until);
    /* Which clock the condition goes by is its own secret; but no machine has been up since
     * 2001, and no wall clock of a test shows less. */
    return pthread_cond_clockwait(cond, mutex,
                                  until->tv_sec > 1000000000 ? CLOCK_REALTIME : CLOCK_MONOTONIC,
                                  until);
}
