/*
 * Exchange: sends datagrams on a socket and reads what is answered, on the caller's thread or on one of its own.
 *
 * Made for sockets whose send returns when the work is done and the answer waits, as rtnetlink's does: a bulk of such
 * sends takes the kernel longer than JavaScript takes to think of it, so that both at a time are worth a thread. The
 * thread touches nothing but the buffers that it is lent, and blocks every signal. Knows nothing of what it carries.
 */
#include "exchange.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"

/* Bytes that must be free for another answer to be read: no answer of a datagram of ours is longer. */
#define ROOM 16384

/* What is lent while a job is under way: four arrays, and the callback. */
enum { CALLBACK = 4, LENT };

/* Jobs that may have been started and not told the end of: one is done while the next waits. */
#define DEPTH 2

/* Nice levels by which the thread goes before its process. */
#define AHEAD 5

/* Nanoseconds that the thread asks the scheduler for at a time, the least there is: who asks for less is served sooner. */
#define SLICE 100000

/* What is sent and where the answers go; the memory is JavaScript's. */
typedef struct {
  char *bytes;
  int32_t *lengths;
  size_t datagrams;
  char *answers;
  size_t room;
  int32_t *outcome;
  size_t slots;
  napi_ref lent[LENT];
} Job;

typedef struct {
  napi_env env;
  int fd; /* not ours to close; -1 once this is closed */
  napi_ref self;
  uv_async_t *finished; /* NULL until there is a thread */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  /* Jobs counted from the first; job n stands at n % DEPTH. The thread writes `done` alone, under the mutex. */
  uint64_t started, done, told;
  bool quit;
  Job jobs[DEPTH];
  napi_async_context context;
} Exchange;

/* ---- the work ---- */

static void work(int fd, const Job *job) {
  int32_t *errors = job->outcome + 1, *answer_lengths = errors + job->datagrams;
  size_t at = 0, used = 0, count = 0, most = job->slots - 1 - job->datagrams;
  for (size_t i = 0; i < job->datagrams; i++) {
    ssize_t sent;
    do sent = send(fd, job->bytes + at, (size_t)job->lengths[i], MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    errors[i] = sent < 0 ? errno : sent == job->lengths[i] ? 0 : EIO;
    at += (size_t)job->lengths[i];
    while (count < most && job->room - used >= ROOM) {
      ssize_t got = recv(fd, job->answers + used, job->room - used, MSG_DONTWAIT | MSG_TRUNC);
      if (got < 0) {
        /* An overrun is told once, and what had been queued stands behind it */
        if (errno == EINTR || errno == ENOBUFS) continue;
        break;
      }
      if ((size_t)got > job->room - used) continue;
      answer_lengths[count++] = (int32_t)got;
      used += ((size_t)got + 3) & ~(size_t)3;
    }
  }
  job->outcome[0] = (int32_t)count;
}

/* sched_setattr(2)'s, under a name of ours: only newer C libraries have it, and the kernel's header clashes with others. */
typedef struct {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
} SchedAttr;

/*
 * What is sent is what everybody waits for, and a kernel's lock may be held meanwhile: so the thread has a better claim to
 * a processor than the one that started it. Where that is refused both are alike; a kernel before 6.12 knows no slices.
 */
static void go_ahead(void) {
  errno = 0;
  int nice = getpriority(PRIO_PROCESS, 0); /* Linux knows priorities of threads alone */
  if (nice == -1 && errno != 0) return;
  if (setpriority(PRIO_PROCESS, 0, nice - AHEAD) == 0) nice -= AHEAD;
  SchedAttr slice = {.size = sizeof slice, .policy = SCHED_OTHER, .nice = nice, .runtime = SLICE};
  syscall(SYS_sched_setattr, 0, &slice, 0);
}

static void *run_thread(void *data) {
  Exchange *x = (Exchange *)data;
  go_ahead();
  pthread_mutex_lock(&x->mutex);
  for (;;) {
    while (x->done == x->started && !x->quit) pthread_cond_wait(&x->changed, &x->mutex);
    if (x->done == x->started) break;
    const Job *job = &x->jobs[x->done % DEPTH];
    pthread_mutex_unlock(&x->mutex);
    work(x->fd, job);
    pthread_mutex_lock(&x->mutex);
    x->done++;
    pthread_cond_broadcast(&x->changed);
    uv_async_send(x->finished);
  }
  pthread_mutex_unlock(&x->mutex);
  return NULL;
}

static void wait_for_work(Exchange *x) {
  if (!x->finished) return;
  pthread_mutex_lock(&x->mutex);
  while (x->done < x->started) pthread_cond_wait(&x->changed, &x->mutex);
  pthread_mutex_unlock(&x->mutex);
}

/* How many jobs have been done. */
static uint64_t count_done(Exchange *x) {
  if (!x->finished) return x->done;
  pthread_mutex_lock(&x->mutex);
  uint64_t done = x->done;
  pthread_mutex_unlock(&x->mutex);
  return done;
}

/* ---- the thread's life ---- */

/* The oldest job that has not been told is over: gives back what was lent for it, and the hold on the exchange itself. */
static void give_back(Exchange *x) {
  Job *job = &x->jobs[x->told++ % DEPTH];
  uint32_t count;
  for (size_t i = 0; i < LENT; i++) napi_delete_reference(x->env, job->lent[i]);
  napi_reference_unref(x->env, x->self, &count);
}

/* False where nothing can be told now. */
static bool tell_end(Exchange *x) {
  napi_env env = x->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value callback, receiver, ignored;
  napi_get_reference_value(env, x->jobs[x->told % DEPTH].lent[CALLBACK], &callback);
  give_back(x);
  if (x->told == x->started) uv_unref((uv_handle_t *)x->finished);
  napi_get_global(env, &receiver);
  if (napi_make_callback(env, x->context, receiver, callback, 0, NULL, &ignored) != napi_ok) {
    bool pending = false;
    napi_value thrown;
    napi_is_exception_pending(env, &pending);
    /* Not lost: the process's own handler of uncaught exceptions is told */
    if (pending && napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
  }
  napi_close_handle_scope(env, scope);
  return true;
}

/* libuv calls once for jobs that end soon after one another. What is called may start others, or close the exchange. */
static void on_finished(uv_async_t *handle) {
  Exchange *x = (Exchange *)handle->data;
  if (!x) return;
  uint64_t done = count_done(x);
  while (handle->data && x->told < done && tell_end(x)) continue;
}

/* Outlives the exchange: libuv gives the handle back in a later turn of the loop. */
typedef struct {
  uv_async_t handle;
  napi_async_cleanup_hook_handle cleanup;
} Finished;

static void on_handle_closed(uv_handle_t *handle) {
  Finished *f = (Finished *)handle;
  napi_remove_async_cleanup_hook(f->cleanup);
  free(f);
}

/* Waits for what is under way, and ends the thread. */
static void shut_down(Exchange *x) {
  wait_for_work(x);
  x->fd = -1;
  if (!x->finished) return;
  pthread_mutex_lock(&x->mutex);
  x->quit = true;
  pthread_cond_broadcast(&x->changed);
  pthread_mutex_unlock(&x->mutex);
  pthread_join(x->thread, NULL);
  pthread_mutex_destroy(&x->mutex);
  pthread_cond_destroy(&x->changed);
  while (x->told < x->started) give_back(x);
  napi_async_destroy(x->env, x->context);
  x->finished->data = NULL;
  uv_close((uv_handle_t *)x->finished, on_handle_closed);
  x->finished = NULL;
}

static void on_environment_exit(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  Exchange *x = (Exchange *)((Finished *)data)->handle.data;
  if (x) shut_down(x);
}

/* 0 or a positive error number. */
static int start_thread(Exchange *x) {
  uv_loop_t *loop;
  Finished *f = calloc(1, sizeof *f);
  if (!f) return ENOMEM;
  if (napi_get_uv_event_loop(x->env, &loop) != napi_ok || uv_async_init(loop, &f->handle, on_finished) != 0) {
    free(f);
    return EIO;
  }
  napi_value resource, name;
  napi_create_object(x->env, &resource);
  napi_create_string_utf8(x->env, "evpnd:Exchange", NAPI_AUTO_LENGTH, &name);
  napi_async_init(x->env, resource, name, &x->context);
  f->handle.data = x;
  uv_unref((uv_handle_t *)&f->handle);
  pthread_mutex_init(&x->mutex, NULL);
  pthread_cond_init(&x->changed, NULL);
  x->finished = &f->handle;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&x->thread, NULL, run_thread, x);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  napi_add_async_cleanup_hook(x->env, on_environment_exit, f, &f->cleanup);
  if (!error) return 0;
  x->finished = NULL;
  f->handle.data = NULL;
  napi_async_destroy(x->env, x->context);
  pthread_mutex_destroy(&x->mutex);
  pthread_cond_destroy(&x->changed);
  uv_close((uv_handle_t *)&f->handle, on_handle_closed);
  return error;
}

/* ---- methods ---- */

static void finalize(napi_env env, void *data, void *hint) {
  Exchange *x = (Exchange *)data;
  (void)hint;
  shut_down(x);
  napi_delete_reference(env, x->self);
  free(x);
}

/* new Exchange(fd): of a socket that outlives it */
static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value args[1], self, target;
  size_t count = 1;
  int32_t fd;
  napi_get_cb_info(env, info, &count, args, &self, NULL);
  napi_get_new_target(env, info, &target);
  if (!target || count < 1) {
    fail_type(env, "Exchange needs new, and a descriptor");
    return NULL;
  }
  if (!read_int(env, args[0], 0, &fd, "fd: expected an integer of 0 or more")) return NULL;
  Exchange *x = calloc(1, sizeof *x);
  if (!x || napi_wrap(env, self, x, finalize, NULL, NULL) != napi_ok) {
    free(x);
    napi_throw_error(env, "ENOMEM", "no memory for an exchange");
    return NULL;
  }
  x->env = env;
  x->fd = fd;
  /* Weak; strong while something is lent */
  napi_create_reference(env, self, 0, &x->self);
  return self;
}

static Exchange *method(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  return read_method(env, info, count, args, "not an Exchange");
}

static bool read_job(napi_env env, Exchange *x, napi_value *args, Job *job) {
  void *bytes, *lengths, *answers, *outcome;
  size_t size, lengths_count;
  int32_t datagrams;
  if (x->fd < 0) {
    napi_throw_error(env, "ERR_SOCKET_CLOSED", "the exchange is closed");
    return false;
  }
  if (!read_bytes(env, args[0], &bytes, &size, "bytes: expected a Uint8Array") ||
      !read_array(env, args[1], napi_int32_array, &lengths, &lengths_count, "lengths: expected an Int32Array") ||
      !read_int(env, args[2], 1, &datagrams, "datagrams: expected an integer of 1 or more") ||
      !read_bytes(env, args[3], &answers, &job->room, "answers: expected a Uint8Array") ||
      !read_array(env, args[4], napi_int32_array, &outcome, &job->slots, "outcome: expected an Int32Array"))
    return false;
  if ((size_t)datagrams > lengths_count) return fail_type(env, "lengths: fewer than the datagrams");
  if (job->slots < 2 + (size_t)datagrams) return fail_type(env, "outcome: too short for the datagrams and an answer");
  job->bytes = bytes;
  job->lengths = lengths;
  job->datagrams = (size_t)datagrams;
  job->answers = answers;
  job->outcome = outcome;
  size_t total = 0;
  for (int32_t i = 0; i < datagrams; i++) {
    if (job->lengths[i] < 0) return fail_type(env, "lengths: expected integers of 0 or more");
    total += (size_t)job->lengths[i];
  }
  return total <= size || fail_type(env, "lengths: more than the bytes");
}

/*
 * run(bytes, lengths, datagrams, answers, outcome): sends so many datagrams that stand one behind the other in `bytes`,
 * and behind each reads what has been answered, each answer at a multiple of 4 in `answers`. outcome[0] is how many
 * answers there are, outcome[1 + i] 0 or the errno of sending datagram i, outcome[1 + datagrams + j] the length of
 * answer j. What finds no room stays in the socket. Throws while something is under way.
 */
static napi_value method_run(napi_env env, napi_callback_info info) {
  napi_value args[5];
  Job job;
  Exchange *x = method(env, info, 5, args);
  if (!x || !read_job(env, x, args, &job)) return NULL;
  if (count_done(x) < x->started) napi_throw_error(env, "ERR_BUSY", "the exchange is under way");
  else work(x->fd, &job);
  return NULL;
}

/*
 * start(bytes, lengths, datagrams, answers, outcome, done): the same on another thread, behind what was started before.
 * The arrays are lent until done() is called, from the event loop, in the order of starting. 0, or a negative errno where
 * there can be no thread. Throws where the ends of two have not been told.
 */
static napi_value method_start(napi_env env, napi_callback_info info) {
  napi_value args[6];
  Job job;
  Exchange *x = method(env, info, 6, args);
  if (!x || !read_job(env, x, args, &job) || !read_function(env, args[5], "done: expected a function")) return NULL;
  if (x->started - x->told == DEPTH) {
    napi_throw_error(env, "ERR_BUSY", "the exchange has not told the end of as many as it takes");
    return NULL;
  }
  if (!x->finished) {
    int error = start_thread(x);
    if (error) return to_number(env, -error);
  }
  static const size_t kept[LENT] = {0, 1, 3, 4, 5};
  uint32_t count;
  for (size_t i = 0; i < LENT; i++) napi_create_reference(env, args[kept[i]], 1, &job.lent[i]);
  napi_reference_ref(env, x->self, &count);
  uv_ref((uv_handle_t *)x->finished);
  pthread_mutex_lock(&x->mutex);
  x->jobs[x->started++ % DEPTH] = job;
  pthread_cond_broadcast(&x->changed);
  pthread_mutex_unlock(&x->mutex);
  return to_number(env, 0);
}

/* finish(): waits until all that was started is done; `done` is called later all the same */
static napi_value method_finish(napi_env env, napi_callback_info info) {
  Exchange *x = method(env, info, 0, NULL);
  if (x) wait_for_work(x);
  return NULL;
}

/* close(): waits for what is under way, whose `done` is not called any more, and ends the thread */
static napi_value method_close(napi_env env, napi_callback_info info) {
  Exchange *x = method(env, info, 0, NULL);
  if (x) shut_down(x);
  return NULL;
}

bool define_exchange(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      METHOD("run", method_run),
      METHOD("start", method_start),
      METHOD("finish", method_finish),
      METHOD("close", method_close),
  };
  napi_value class;
  return napi_define_class(env, "Exchange", NAPI_AUTO_LENGTH, construct, NULL, sizeof methods / sizeof *methods, methods,
                           &class) == napi_ok &&
         napi_set_named_property(env, exports, "Exchange", class) == napi_ok;
}
