/* Functions of listening and connected stream sockets: see tcp.c. */
#pragma once

#include <node_api.h>
#include <stdbool.h>

/* Adds the functions of tcp.c to the exports; false where that fails. */
bool define_tcp(napi_env env, napi_value exports);
