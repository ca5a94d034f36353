/* Datagrams sent again and again by a thread: see repeater.c. */
#pragma once

#include <node_api.h>
#include <stdbool.h>

/* Adds the class Repeater to the exports; false where that fails. */
bool define_repeater(napi_env env, napi_value exports);
