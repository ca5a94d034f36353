/*
 * What a stream socket needs beside socket.c, as functions of its descriptor: to listen, to take what comes in one by one
 * (node:net takes all that waits in one turn of the event loop, and a flood then stops everything else), and its own name.
 * System calls that fail return a negative errno; wrong arguments are bugs and throw TypeError.
 */
#include <errno.h>
#include <net/if.h>
#include <node_api.h>
#include <sys/socket.h>

#include "arguments.h"
#include "tcp.h"

static bool function_arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *args) {
  size_t count = wanted;
  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) != napi_ok) return false;
  return count < wanted ? fail_type(env, "too few arguments") : true;
}

static bool fd_and_address(napi_env env, napi_callback_info info, int32_t *fd, void **address, size_t *length) {
  napi_value args[2];
  return function_arguments(env, info, 2, args) &&
         read_int(env, args[0], 0, fd, "fd: expected an integer of 0 or more") &&
         read_bytes(env, args[1], address, length, "address: expected a Uint8Array");
}

/* listenSocket(fd, backlog): 0 or -errno */
static napi_value listen_socket(napi_env env, napi_callback_info info) {
  napi_value args[2];
  int32_t fd, backlog;
  if (!function_arguments(env, info, 2, args) ||
      !read_int(env, args[0], 0, &fd, "fd: expected an integer of 0 or more") ||
      !read_int(env, args[1], 0, &backlog, "backlog: expected an integer of 0 or more"))
    return NULL;
  return to_result(env, listen(fd, backlog));
}

/*
 * acceptSocket(fd, address to fill with the peer's sockaddr): the descriptor of one connection, non-blocking and
 * close-on-exec, which is the caller's; or -errno.
 */
static napi_value accept_socket(napi_env env, napi_callback_info info) {
  int32_t fd;
  void *address;
  size_t length;
  if (!fd_and_address(env, info, &fd, &address, &length)) return NULL;
  int accepted;
  do {
    socklen_t size = (socklen_t)length;
    accepted = accept4(fd, address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (accepted < 0 && errno == EINTR);
  return to_result(env, accepted);
}

/* socketName(fd, address to fill with our own sockaddr): its length, or -errno */
static napi_value socket_name(napi_env env, napi_callback_info info) {
  int32_t fd;
  void *address;
  size_t length;
  if (!fd_and_address(env, info, &fd, &address, &length)) return NULL;
  socklen_t size = (socklen_t)length;
  return to_result(env, getsockname(fd, address, &size) < 0 ? -1 : (int64_t)size);
}

/* interfaceName(index): the interface's name, undefined where there is none */
static napi_value interface_name(napi_env env, napi_callback_info info) {
  napi_value args[1], result = NULL;
  int32_t index;
  char name[IF_NAMESIZE];
  if (!function_arguments(env, info, 1, args) ||
      !read_int(env, args[0], 0, &index, "index: expected an integer of 0 or more"))
    return NULL;
  if (if_indextoname((unsigned)index, name))
    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &result);
  else
    napi_get_undefined(env, &result);
  return result;
}

bool define_tcp(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      METHOD("listenSocket", listen_socket),
      METHOD("acceptSocket", accept_socket),
      METHOD("socketName", socket_name),
      METHOD("interfaceName", interface_name),
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}
