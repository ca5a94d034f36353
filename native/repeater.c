/*
 * Repeater: sends datagrams again and again, each at random within a range of times after its last, on a thread of its own.
 *
 * Made for what a neighbor takes for a sign of life and counts in tenths of seconds: it goes on while JavaScript is busy for
 * longer than that. What is said and how often is JavaScript's to decide; the thread knows nothing of it, and blocks every
 * signal. All that it touches is under one mutex, so that a call which stops a datagram returns when it is sent no more.
 */
#include "repeater.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "arguments.h"

#define LONGEST 64
#define NANOSECONDS 1000000000ull
#define MICROSECOND 1000ull
/* Nice levels by which the thread goes before its process. */
#define AHEAD 5
/* Octets of its stack, of which it needs few. */
#define STACK 262144

typedef struct {
  bool active;
  int fd; /* not ours to close */
  char bytes[LONGEST];
  size_t length;
  struct sockaddr_storage to;
  socklen_t to_length;
  uint64_t least, most; /* nanoseconds between two */
  uint64_t next;        /* on the monotonic clock */
  uint64_t sent;        /* in all */
  int error;            /* of the last one, 0 where it was sent */
} Entry;

typedef struct {
  Entry *entries;
  size_t count;
  uint64_t random;
  bool running, quit;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} Repeater;

/* ---- the work ---- */

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * NANOSECONDS + (uint64_t)at.tv_nsec;
}

/* Marsaglia's xorshift: two that begin together shall not go on together, no more. */
static uint64_t draw(Repeater *r) {
  r->random ^= r->random << 13;
  r->random ^= r->random >> 7;
  return r->random ^= r->random << 17;
}

static uint64_t period(Repeater *r, const Entry *e) {
  uint64_t spread = e->most - e->least;
  return e->least + (spread ? draw(r) % (spread + 1) : 0);
}

static void say(Repeater *r, Entry *e) {
  ssize_t sent;
  do sent = sendto(e->fd, e->bytes, e->length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&e->to, e->to_length);
  while (sent < 0 && errno == EINTR);
  e->error = sent < 0 ? errno : 0;
  if (sent >= 0) e->sent++;
  e->next = now() + period(r, e);
}

static Entry *soonest(Repeater *r) {
  Entry *first = NULL;
  for (size_t i = 0; i < r->count; i++) {
    Entry *e = &r->entries[i];
    if (e->active && (!first || e->next < first->next)) first = e;
  }
  return first;
}

static void *run_thread(void *data) {
  Repeater *r = (Repeater *)data;
  errno = 0;
  int nice = getpriority(PRIO_PROCESS, 0); /* Linux knows priorities of threads alone */
  if (nice != -1 || errno == 0) setpriority(PRIO_PROCESS, 0, nice - AHEAD);
  pthread_mutex_lock(&r->mutex);
  while (!r->quit) {
    Entry *e = soonest(r);
    if (!e) {
      pthread_cond_wait(&r->changed, &r->mutex);
    } else if (e->next <= now()) {
      say(r, e);
    } else {
      struct timespec at = {.tv_sec = (time_t)(e->next / NANOSECONDS), .tv_nsec = (long)(e->next % NANOSECONDS)};
      pthread_cond_timedwait(&r->changed, &r->mutex, &at);
    }
  }
  pthread_mutex_unlock(&r->mutex);
  return NULL;
}

/* 0 or a positive error number. */
static int start_thread(Repeater *r) {
  pthread_attr_t attributes;
  sigset_t all, before;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&r->thread, &attributes, run_thread, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  r->running = !error;
  return error;
}

static void shut_down(Repeater *r) {
  pthread_mutex_lock(&r->mutex);
  for (size_t i = 0; i < r->count; i++) r->entries[i].active = false;
  r->quit = true;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->mutex);
  if (r->running) pthread_join(r->thread, NULL);
  r->running = false;
}

/* ---- methods ---- */

static void on_environment_exit(void *data) {
  shut_down((Repeater *)data);
}

static void finalize(napi_env env, void *data, void *hint) {
  Repeater *r = (Repeater *)data;
  (void)hint;
  napi_remove_env_cleanup_hook(env, on_environment_exit, r);
  shut_down(r);
  pthread_mutex_destroy(&r->mutex);
  pthread_cond_destroy(&r->changed);
  free(r->entries);
  free(r);
}

/* new Repeater() */
static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value self, target;
  size_t count = 0;
  napi_get_cb_info(env, info, &count, NULL, &self, NULL);
  napi_get_new_target(env, info, &target);
  if (!target) {
    fail_type(env, "Repeater needs new");
    return NULL;
  }
  Repeater *r = calloc(1, sizeof *r);
  if (!r || napi_wrap(env, self, r, finalize, NULL, NULL) != napi_ok) {
    free(r);
    napi_throw_error(env, "ENOMEM", "no memory for a repeater");
    return NULL;
  }
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&r->mutex, NULL);
  pthread_cond_init(&r->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  r->random = now() | 1;
  napi_add_env_cleanup_hook(env, on_environment_exit, r);
  return self;
}

static Repeater *method(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  return read_method(env, info, count, args, "not a Repeater");
}

/* The entry of a key, which is made where it is not there; NULL without memory. Under the mutex. */
static Entry *entry_at(Repeater *r, size_t key) {
  if (key >= r->count) {
    size_t count = key + 8;
    Entry *entries = realloc(r->entries, count * sizeof *entries);
    if (!entries) return NULL;
    memset(entries + r->count, 0, (count - r->count) * sizeof *entries);
    r->entries = entries;
    r->count = count;
  }
  return &r->entries[key];
}

/*
 * repeat(key, fd, bytes, address, least, most, now): from now on sends these bytes to the sockaddr, again after `least` to `most`
 * microseconds each time; `now`: also at once, else so long after the last one of the key, if there was one. Another call of
 * the same key replaces it, and keeps its pace where the times are the same. 0, or a negative errno: of the thread, or of
 * sending at once.
 */
static napi_value method_repeat(napi_env env, napi_callback_info info) {
  napi_value args[7];
  int32_t key, fd, least, most;
  void *bytes, *address;
  size_t length, address_length;
  bool at_once;
  Repeater *r = method(env, info, 7, args);
  if (!r || !read_int(env, args[0], 0, &key, "key: expected an integer of 0 or more") ||
      !read_int(env, args[1], 0, &fd, "fd: expected an integer of 0 or more") ||
      !read_bytes(env, args[2], &bytes, &length, "bytes: expected a Uint8Array") ||
      !read_bytes(env, args[3], &address, &address_length, "address: expected a Uint8Array") ||
      !read_int(env, args[4], 1, &least, "least: expected an integer of 1 or more") ||
      !read_int(env, args[5], least, &most, "most: expected an integer of `least` or more"))
    return NULL;
  if (napi_get_value_bool(env, args[6], &at_once) != napi_ok) return fail_type(env, "now: expected a boolean"), NULL;
  if (length > LONGEST) return fail_type(env, "bytes: too many"), NULL;
  if (address_length > sizeof(struct sockaddr_storage)) return fail_type(env, "address: too long"), NULL;
  pthread_mutex_lock(&r->mutex);
  int error = r->quit ? EBADF : r->running ? 0 : start_thread(r);
  Entry *e = error ? NULL : entry_at(r, (size_t)key);
  if (!e) {
    pthread_mutex_unlock(&r->mutex);
    return to_number(env, -(error ? error : ENOMEM));
  }
  bool paced = e->active && e->least == (uint64_t)least * MICROSECOND && e->most == (uint64_t)most * MICROSECOND;
  uint64_t last = e->active ? e->next : 0;
  if (!e->active) e->error = 0;
  e->active = true;
  e->fd = fd;
  memcpy(e->bytes, bytes, length);
  e->length = length;
  memcpy(&e->to, address, address_length);
  e->to_length = (socklen_t)address_length;
  e->least = (uint64_t)least * MICROSECOND;
  e->most = (uint64_t)most * MICROSECOND;
  if (at_once) {
    say(r, e);
    error = e->error;
  } else if (!paced) {
    uint64_t due = now() + period(r, e);
    /* What was due sooner stays so, that a neighbor does not wait longer than it was told */
    e->next = last && last < due ? last : due;
  }
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->mutex);
  return to_number(env, -error);
}

/* The one argument of methods that look at a key; NULL where it threw. */
static Repeater *method_of_key(napi_env env, napi_callback_info info, size_t *key) {
  napi_value args[1];
  int32_t number;
  Repeater *r = method(env, info, 1, args);
  if (!r || !read_int(env, args[0], 0, &number, "key: expected an integer of 0 or more")) return NULL;
  *key = (size_t)number;
  return r;
}

/* stop(key): sends it no more, from when this returns */
static napi_value method_stop(napi_env env, napi_callback_info info) {
  size_t key;
  Repeater *r = method_of_key(env, info, &key);
  if (!r) return NULL;
  pthread_mutex_lock(&r->mutex);
  if (key < r->count) r->entries[key].active = false;
  pthread_mutex_unlock(&r->mutex);
  return NULL;
}

/* What the key has now; nothing sent and no error where it was never used. */
static Entry peek(Repeater *r, size_t key) {
  Entry entry = {0};
  pthread_mutex_lock(&r->mutex);
  if (key < r->count) entry = r->entries[key];
  pthread_mutex_unlock(&r->mutex);
  return entry;
}

/* sent(key): how many were sent, in all */
static napi_value method_sent(napi_env env, napi_callback_info info) {
  size_t key;
  Repeater *r = method_of_key(env, info, &key);
  return r ? to_number(env, (int64_t)peek(r, key).sent) : NULL;
}

/* error(key): 0, or the negative errno of the last one */
static napi_value method_error(napi_env env, napi_callback_info info) {
  size_t key;
  Repeater *r = method_of_key(env, info, &key);
  return r ? to_number(env, -peek(r, key).error) : NULL;
}

/* close(): sends nothing more, and ends the thread */
static napi_value method_close(napi_env env, napi_callback_info info) {
  Repeater *r = method(env, info, 0, NULL);
  if (r) shut_down(r);
  return NULL;
}

bool define_repeater(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      METHOD("repeat", method_repeat), METHOD("stop", method_stop),   METHOD("sent", method_sent),
      METHOD("error", method_error),   METHOD("close", method_close),
  };
  napi_value class;
  return napi_define_class(env, "Repeater", NAPI_AUTO_LENGTH, construct, NULL, sizeof methods / sizeof *methods, methods,
                           &class) == napi_ok &&
         napi_set_named_property(env, exports, "Repeater", class) == napi_ok;
}
