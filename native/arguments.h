/* What both classes need to take arguments from JavaScript and to give numbers back. */
#pragma once

#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool fail_type(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

static inline napi_value to_number(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

static inline napi_value to_result(napi_env env, int64_t value) {
  return to_number(env, value < 0 ? -errno : value);
}

static inline bool read_int(napi_env env, napi_value value, int32_t min, int32_t *out, const char *message) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return fail_type(env, message);
  if (!(number >= min && number <= INT32_MAX) || number != (double)(int32_t)number) return fail_type(env, message);
  *out = (int32_t)number;
  return true;
}

/* Uint8Array (Buffer is one) or Int32Array; the bytes stay valid until JavaScript runs again. */
static inline bool read_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data,
                              size_t *length, const char *message) {
  bool is_array = false;
  napi_typedarray_type type;
  napi_value backing;
  size_t offset;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return fail_type(env, message);
  if (napi_get_typedarray_info(env, value, &type, length, data, &backing, &offset) != napi_ok || type != wanted)
    return fail_type(env, message);
  return true;
}

static inline bool read_bytes(napi_env env, napi_value value, void **data, size_t *length, const char *message) {
  return read_array(env, value, napi_uint8_array, data, length, message);
}

static inline bool read_function(napi_env env, napi_value value, const char *message) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_function) return fail_type(env, message);
  return true;
}

/* The arguments of a method and what its object wraps; NULL where it threw, since there are too few or it is another's. */
static inline void *read_method(napi_env env, napi_callback_info info, size_t count, napi_value *args,
                                const char *message) {
  napi_value self;
  size_t given = count;
  void *wrapped = NULL;
  if (napi_get_cb_info(env, info, &given, args, &self, NULL) != napi_ok) return NULL;
  if (napi_unwrap(env, self, &wrapped) != napi_ok || !wrapped) {
    fail_type(env, message);
    return NULL;
  }
  if (given < count) {
    fail_type(env, "too few arguments");
    return NULL;
  }
  return wrapped;
}

#define METHOD(name, function) \
  { name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL }
