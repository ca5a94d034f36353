/*
 * A raw socket for Node.js: any domain, type and protocol, watched by the process's own event loop.
 *
 * Knows nothing of what it carries: netlink, AF_PACKET, ICMPv6 and AF_UNIX datagrams are all buffers here. System calls
 * that fail return a negative errno, since on such sockets errors are data (a netlink overrun is ENOBUFS). Wrong
 * arguments are bugs and throw TypeError. Nothing in here aborts the process: an error of the watcher arms it again, an
 * exception of a callback goes to another callback.
 */
#include <errno.h>
#include <linux/filter.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "exchange.h"
#include "memory.h"
#include "repeater.h"
#include "tcp.h"

typedef struct Watch Watch;

typedef struct {
  int fd; /* -1 once closed */
  Watch *watch;
  napi_ref self;
} Socket;

/* Lives longer than its socket: libuv gives the handle back in a later turn of the loop. */
struct Watch {
  uv_poll_t handle;
  napi_env env;
  Socket *socket; /* NULL once stopped */
  napi_ref on_readable;
  napi_ref on_error;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  bool dispatching;
  bool paused;
};

/* ---- arguments ---- */

/* The arguments of a method and its socket; throws when there are too few or the socket is closed. */
static Socket *method(napi_env env, napi_callback_info info, size_t count, napi_value *args, bool may_be_closed) {
  Socket *s = read_method(env, info, count, args, "not a RawSocket");
  if (s && s->fd < 0 && !may_be_closed) {
    napi_throw_error(env, "ERR_SOCKET_CLOSED", "the socket is closed");
    return NULL;
  }
  return s;
}

/* ---- the watcher ---- */

/* Gives back what belongs to JavaScript; the struct itself goes with the uv handle. */
static void release_callbacks(Watch *w) {
  if (w->on_readable) napi_delete_reference(w->env, w->on_readable);
  if (w->on_error) napi_delete_reference(w->env, w->on_error);
  if (w->context) napi_async_destroy(w->env, w->context);
  w->on_readable = NULL;
  w->on_error = NULL;
  w->context = NULL;
}

static void on_handle_closed(uv_handle_t *handle) {
  Watch *w = (Watch *)handle->data;
  napi_remove_async_cleanup_hook(w->cleanup);
  free(w);
}

static void stop_watch(Watch *w) {
  Socket *s = w->socket;
  if (!s) return;
  w->socket = NULL;
  s->watch = NULL;
  uv_poll_stop(&w->handle);
  uv_close((uv_handle_t *)&w->handle, on_handle_closed);
  uint32_t count;
  napi_reference_unref(w->env, s->self, &count);
  /* Its own callback may be what stops it; then on_ready releases after the return. */
  if (!w->dispatching) release_callbacks(w);
}

/* The environment (process or worker thread) goes down: Node waits until the handle has been given back. */
static void on_environment_exit(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  stop_watch((Watch *)data);
}

/* Calls a callback and takes what it throws; false and *thrown when it threw. */
static bool call(Watch *w, napi_ref callback, napi_value argument, napi_value *thrown) {
  napi_value function, receiver, ignored;
  *thrown = NULL;
  if (napi_get_reference_value(w->env, callback, &function) != napi_ok || !function) return true;
  napi_get_global(w->env, &receiver);
  if (napi_make_callback(w->env, w->context, receiver, function, 1, &argument, &ignored) == napi_ok) return true;
  bool pending = false;
  napi_is_exception_pending(w->env, &pending);
  if (pending) napi_get_and_clear_last_exception(w->env, thrown);
  return false;
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  Watch *w = (Watch *)handle->data;
  (void)events;
  if (!w->socket) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(w->env, &scope) != napi_ok) return;

  w->dispatching = true;
  napi_value argument, thrown;
  napi_create_int32(w->env, status, &argument);
  if (!call(w, w->on_readable, argument, &thrown) && thrown && w->on_error) {
    napi_value again;
    call(w, w->on_error, thrown, &again);
  }
  w->dispatching = false;

  /* libuv stops a watcher whose descriptor reports an error (a netlink overrun does): arm it again. */
  if (!w->socket)
    release_callbacks(w);
  else if (status < 0 && !w->paused)
    uv_poll_start(&w->handle, UV_READABLE, on_ready);
  napi_close_handle_scope(w->env, scope);
}

/* ---- methods ---- */

static void finalize(napi_env env, void *data, void *hint) {
  Socket *s = (Socket *)data;
  (void)hint;
  if (s->watch) stop_watch(s->watch);
  if (s->fd >= 0) close(s->fd);
  if (s->self) napi_delete_reference(env, s->self);
  free(s);
}

/* new RawSocket(domain, type, protocol); non-blocking, close-on-exec. Throws an Error with `errno`. */
static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value args[3], self, target;
  size_t count = 3;
  int32_t domain, type, protocol;
  napi_get_cb_info(env, info, &count, args, &self, NULL);
  napi_get_new_target(env, info, &target);
  if (!target) {
    fail_type(env, "RawSocket needs new");
    return NULL;
  }
  if (count < 3) {
    fail_type(env, "too few arguments");
    return NULL;
  }
  if (!read_int(env, args[0], 0, &domain, "domain: expected an integer") ||
      !read_int(env, args[1], 0, &type, "type: expected an integer") ||
      !read_int(env, args[2], 0, &protocol, "protocol: expected an integer"))
    return NULL;
  Socket *s = calloc(1, sizeof *s);
  if (!s) {
    napi_throw_error(env, "ENOMEM", "no memory for a socket");
    return NULL;
  }
  s->fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (s->fd < 0) {
    int error = errno;
    napi_value message, code, object;
    free(s);
    napi_create_string_utf8(env, strerror(error), NAPI_AUTO_LENGTH, &message);
    napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code);
    napi_create_error(env, code, message, &object);
    napi_set_named_property(env, object, "errno", to_number(env, error));
    napi_throw(env, object);
    return NULL;
  }
  if (napi_wrap(env, self, s, finalize, NULL, NULL) != napi_ok) {
    close(s->fd);
    free(s);
    napi_throw_error(env, NULL, "cannot wrap the socket");
    return NULL;
  }
  /* Weak; strong while watched, since the loop then needs the socket though JavaScript may have dropped it. */
  napi_create_reference(env, self, 0, &s->self);
  return self;
}

/* bind(address: Uint8Array with the whole sockaddr): 0 or -errno */
static napi_value method_bind(napi_env env, napi_callback_info info) {
  napi_value args[1];
  void *address;
  size_t length;
  Socket *s = method(env, info, 1, args, false);
  if (!s || !read_bytes(env, args[0], &address, &length, "address: expected a Uint8Array")) return NULL;
  return to_result(env, bind(s->fd, address, (socklen_t)length));
}

static napi_value set_option(napi_env env, int fd, napi_value *args) {
  int32_t level, name;
  void *value;
  size_t length;
  if (!read_int(env, args[0], 0, &level, "level: expected an integer") ||
      !read_int(env, args[1], 0, &name, "name: expected an integer") ||
      !read_bytes(env, args[2], &value, &length, "value: expected a Uint8Array"))
    return NULL;
  return to_result(env, setsockopt(fd, level, name, value, (socklen_t)length));
}

static napi_value get_option(napi_env env, int fd, napi_value *args) {
  int32_t level, name;
  void *value;
  size_t length;
  if (!read_int(env, args[0], 0, &level, "level: expected an integer") ||
      !read_int(env, args[1], 0, &name, "name: expected an integer") ||
      !read_bytes(env, args[2], &value, &length, "value: expected a Uint8Array"))
    return NULL;
  socklen_t size = (socklen_t)length;
  return to_result(env, getsockopt(fd, level, name, value, &size) < 0 ? -1 : (int64_t)size);
}

/* setOption(level, name, value): 0 or -errno */
static napi_value method_set_option(napi_env env, napi_callback_info info) {
  napi_value args[3];
  Socket *s = method(env, info, 3, args, false);
  return s ? set_option(env, s->fd, args) : NULL;
}

/* getOption(level, name, value to fill): how many bytes, or -errno */
static napi_value method_get_option(napi_env env, napi_callback_info info) {
  napi_value args[3];
  Socket *s = method(env, info, 3, args, false);
  return s ? get_option(env, s->fd, args) : NULL;
}

/* attachFilter(struct sock_filter[] as bytes): classic BPF, 0 or -errno */
static napi_value method_attach_filter(napi_env env, napi_callback_info info) {
  napi_value args[1];
  void *program;
  size_t length;
  Socket *s = method(env, info, 1, args, false);
  if (!s || !read_bytes(env, args[0], &program, &length, "program: expected a Uint8Array")) return NULL;
  if (length == 0 || length % sizeof(struct sock_filter) != 0 || length / sizeof(struct sock_filter) > BPF_MAXINSNS) {
    fail_type(env, "program: expected 1 to 4096 instructions of 8 bytes");
    return NULL;
  }
  struct sock_fprog program_info = {.len = (unsigned short)(length / sizeof(struct sock_filter)), .filter = program};
  return to_result(env, setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program_info, sizeof program_info));
}

/* send(bytes, offset, length): how many bytes, or -errno. sendTo(bytes, offset, length, address) likewise. */
static napi_value send_common(napi_env env, Socket *s, napi_value *args, const void *address, size_t address_length) {
  void *bytes;
  size_t size;
  int32_t offset, length;
  if (!read_bytes(env, args[0], &bytes, &size, "bytes: expected a Uint8Array") ||
      !read_int(env, args[1], 0, &offset, "offset: expected an integer of 0 or more") ||
      !read_int(env, args[2], 0, &length, "length: expected an integer of 0 or more"))
    return NULL;
  if ((size_t)offset + (size_t)length > size) {
    fail_type(env, "offset and length: outside the bytes");
    return NULL;
  }
  ssize_t sent;
  do
    sent = sendto(s->fd, (char *)bytes + offset, (size_t)length, MSG_NOSIGNAL, address, (socklen_t)address_length);
  while (sent < 0 && errno == EINTR);
  return to_result(env, sent);
}

static napi_value method_send(napi_env env, napi_callback_info info) {
  napi_value args[3];
  Socket *s = method(env, info, 3, args, false);
  return s ? send_common(env, s, args, NULL, 0) : NULL;
}

static napi_value method_send_to(napi_env env, napi_callback_info info) {
  napi_value args[4];
  void *address;
  size_t length;
  Socket *s = method(env, info, 4, args, false);
  if (!s || !read_bytes(env, args[3], &address, &length, "address: expected a Uint8Array")) return NULL;
  return send_common(env, s, args, address, length);
}

/*
 * receiveMany(bytes, room, lengths: Int32Array): reads datagrams one behind the other, each at an offset that is a
 * multiple of 4, until there is none, fewer than `room` bytes are left, or `lengths` is full. Returns how many.
 * lengths[0] is 0 or the errno that ended it (EAGAIN; ENOBUFS after an overrun; EMSGSIZE when a datagram did not fit
 * and is lost); lengths[1 + i] is the length of datagram i.
 */
static napi_value method_receive_many(napi_env env, napi_callback_info info) {
  napi_value args[3];
  void *bytes, *lengths_data;
  size_t size, slots;
  int32_t room;
  Socket *s = method(env, info, 3, args, false);
  if (!s || !read_bytes(env, args[0], &bytes, &size, "bytes: expected a Uint8Array") ||
      !read_int(env, args[1], 1, &room, "room: expected an integer of 1 or more") ||
      !read_array(env, args[2], napi_int32_array, &lengths_data, &slots, "lengths: expected an Int32Array"))
    return NULL;
  if (slots < 2) {
    fail_type(env, "lengths: expected 2 or more elements");
    return NULL;
  }
  int32_t *lengths = lengths_data;
  size_t used = 0, count = 0;
  lengths[0] = 0;
  while (count + 1 < slots && used < size && size - used >= (size_t)room) {
    ssize_t got = recv(s->fd, (char *)bytes + used, size - used, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) {
      if (errno == EINTR) continue;
      lengths[0] = errno;
      break;
    }
    if ((size_t)got > size - used) {
      lengths[0] = EMSGSIZE;
      break;
    }
    lengths[1 + count++] = (int32_t)got;
    used += ((size_t)got + 3) & ~(size_t)3;
  }
  return to_number(env, (int64_t)count);
}

/*
 * receiveManyFrom(bytes, room, lengths: Int32Array, addresses, addressRoom, controls, controlRoom): as receiveMany, and
 * for datagram i the sender's address (a sockaddr) at i * addressRoom of `addresses` and its ancillary data (cmsgs) at
 * i * controlRoom of `controls`; it ends when any of the four is full. lengths[0] as there; lengths[1 + 3i], [2 + 3i]
 * and [3 + 3i] are the lengths of datagram, address and ancillary data. An address longer than its room is cut short
 * and its length is that of what is there.
 */
static napi_value method_receive_many_from(napi_env env, napi_callback_info info) {
  napi_value args[7];
  void *bytes, *lengths_data, *addresses, *controls;
  size_t size, slots, addresses_size, controls_size;
  int32_t room, address_room, control_room;
  Socket *s = method(env, info, 7, args, false);
  if (!s || !read_bytes(env, args[0], &bytes, &size, "bytes: expected a Uint8Array") ||
      !read_int(env, args[1], 1, &room, "room: expected an integer of 1 or more") ||
      !read_array(env, args[2], napi_int32_array, &lengths_data, &slots, "lengths: expected an Int32Array") ||
      !read_bytes(env, args[3], &addresses, &addresses_size, "addresses: expected a Uint8Array") ||
      !read_int(env, args[4], 1, &address_room, "addressRoom: expected an integer of 1 or more") ||
      !read_bytes(env, args[5], &controls, &controls_size, "controls: expected a Uint8Array") ||
      !read_int(env, args[6], 1, &control_room, "controlRoom: expected an integer of 1 or more"))
    return NULL;
  if (slots < 4) {
    fail_type(env, "lengths: expected 4 or more elements");
    return NULL;
  }
  int32_t *lengths = lengths_data;
  size_t used = 0, count = 0;
  lengths[0] = 0;
  while (count < (slots - 1) / 3 && used < size && size - used >= (size_t)room &&
         count < addresses_size / (size_t)address_room && count < controls_size / (size_t)control_room) {
    struct iovec piece = {.iov_base = (char *)bytes + used, .iov_len = size - used};
    struct msghdr message = {.msg_name = (char *)addresses + count * (size_t)address_room,
                             .msg_namelen = (socklen_t)address_room,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = (char *)controls + count * (size_t)control_room,
                             .msg_controllen = (size_t)control_room};
    ssize_t got = recvmsg(s->fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) {
      if (errno == EINTR) continue;
      lengths[0] = errno;
      break;
    }
    if ((size_t)got > size - used) {
      lengths[0] = EMSGSIZE;
      break;
    }
    lengths[1 + 3 * count] = (int32_t)got;
    lengths[2 + 3 * count] =
        message.msg_namelen < (socklen_t)address_room ? (int32_t)message.msg_namelen : address_room;
    lengths[3 + 3 * count] = (int32_t)message.msg_controllen;
    count++;
    used += ((size_t)got + 3) & ~(size_t)3;
  }
  return to_number(env, (int64_t)count);
}

/*
 * watch(onReadable(status), onError(thrown)): calls back while there is something to read. `status` is 0, or libuv's
 * negative error for a descriptor in error; reading on clears it. Keeps the event loop alive until close.
 */
static napi_value method_watch(napi_env env, napi_callback_info info) {
  napi_value args[2], resource, name;
  uv_loop_t *loop;
  Socket *s = method(env, info, 2, args, false);
  if (!s || !read_function(env, args[0], "onReadable: expected a function") ||
      !read_function(env, args[1], "onError: expected a function"))
    return NULL;
  if (s->watch) {
    napi_throw_error(env, "ERR_ALREADY_WATCHED", "the socket is watched already");
    return NULL;
  }
  Watch *w = calloc(1, sizeof *w);
  if (!w || !s->self || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    free(w);
    napi_throw_error(env, NULL, "cannot watch the socket");
    return NULL;
  }
  w->env = env;
  w->handle.data = w;
  int error = uv_poll_init(loop, &w->handle, s->fd);
  if (error) {
    free(w);
    napi_throw_error(env, uv_err_name(error), uv_strerror(error));
    return NULL;
  }
  w->socket = s;
  s->watch = w;
  uint32_t count;
  napi_create_object(env, &resource);
  napi_create_string_utf8(env, "evpnd:RawSocket", NAPI_AUTO_LENGTH, &name);
  napi_reference_ref(env, s->self, &count);
  napi_add_async_cleanup_hook(env, on_environment_exit, w, &w->cleanup);
  if (napi_create_reference(env, args[0], 1, &w->on_readable) != napi_ok ||
      napi_create_reference(env, args[1], 1, &w->on_error) != napi_ok ||
      napi_async_init(env, resource, name, &w->context) != napi_ok ||
      uv_poll_start(&w->handle, UV_READABLE, on_ready) != 0) {
    stop_watch(w);
    napi_throw_error(env, NULL, "cannot watch the socket");
  }
  return NULL;
}

/* pause(): the watch calls back no more, and no longer keeps the event loop alive, until resume(); both are harmless
 * without a watch. What arrives meanwhile waits, as far as the receive buffer holds it. */
static napi_value method_pause(napi_env env, napi_callback_info info) {
  Socket *s = method(env, info, 0, NULL, false);
  if (!s || !s->watch) return NULL;
  s->watch->paused = true;
  uv_poll_stop(&s->watch->handle);
  return NULL;
}

static napi_value method_resume(napi_env env, napi_callback_info info) {
  Socket *s = method(env, info, 0, NULL, false);
  if (!s || !s->watch || !s->watch->paused) return NULL;
  s->watch->paused = false;
  uv_poll_start(&s->watch->handle, UV_READABLE, on_ready);
  return NULL;
}

/* close(): ends the watch and gives the descriptor back; harmless when closed. */
static napi_value method_close(napi_env env, napi_callback_info info) {
  Socket *s = method(env, info, 0, NULL, true);
  if (!s) return NULL;
  if (s->watch) stop_watch(s->watch);
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
  return NULL;
}

/* release(): gives the descriptor to the caller, as if the socket had been closed; throws while it is watched. */
static napi_value method_release(napi_env env, napi_callback_info info) {
  Socket *s = method(env, info, 0, NULL, false);
  if (!s) return NULL;
  if (s->watch) {
    napi_throw_error(env, "ERR_ALREADY_WATCHED", "the socket is watched");
    return NULL;
  }
  int fd = s->fd;
  s->fd = -1;
  return to_number(env, fd);
}

/* fd: the descriptor, -1 once closed or released */
static napi_value get_fd(napi_env env, napi_callback_info info) {
  Socket *s = method(env, info, 0, NULL, true);
  return s ? to_number(env, s->fd) : NULL;
}

/* The descriptor and the three arguments of an option of somebody else's socket. */
static bool function_with_fd(napi_env env, napi_callback_info info, napi_value *args, int32_t *fd) {
  size_t count = 4;
  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) != napi_ok) return false;
  if (count < 4) return fail_type(env, "too few arguments");
  return read_int(env, args[0], 0, fd, "fd: expected an integer of 0 or more");
}

/* setSocketOption(fd, level, name, value): 0 or -errno; for the sockets that Node opened itself */
static napi_value set_socket_option(napi_env env, napi_callback_info info) {
  napi_value args[4];
  int32_t fd;
  return function_with_fd(env, info, args, &fd) ? set_option(env, fd, args + 1) : NULL;
}

/* getSocketOption(fd, level, name, value to fill): how many bytes, or -errno */
static napi_value get_socket_option(napi_env env, napi_callback_info info) {
  napi_value args[4];
  int32_t fd;
  return function_with_fd(env, info, args, &fd) ? get_option(env, fd, args + 1) : NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      METHOD("bind", method_bind),
      METHOD("setOption", method_set_option),
      METHOD("getOption", method_get_option),
      METHOD("attachFilter", method_attach_filter),
      METHOD("send", method_send),
      METHOD("sendTo", method_send_to),
      METHOD("receiveMany", method_receive_many),
      METHOD("receiveManyFrom", method_receive_many_from),
      METHOD("watch", method_watch),
      METHOD("pause", method_pause),
      METHOD("resume", method_resume),
      METHOD("close", method_close),
      METHOD("release", method_release),
      {"fd", NULL, NULL, get_fd, NULL, NULL, napi_default, NULL},
  };
  const napi_property_descriptor functions[] = {
      METHOD("setSocketOption", set_socket_option),
      METHOD("getSocketOption", get_socket_option),
  };
  napi_value class;
  if (napi_define_class(env, "RawSocket", NAPI_AUTO_LENGTH, construct, NULL, sizeof methods / sizeof *methods, methods,
                        &class) != napi_ok ||
      napi_set_named_property(env, exports, "RawSocket", class) != napi_ok ||
      napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok ||
      !define_exchange(env, exports) || !define_repeater(env, exports) || !define_tcp(env, exports) ||
      !define_memory(env, exports))
    return NULL;
  return exports;
}
