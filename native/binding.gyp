{
  "targets": [
    {
      "target_name": "socket",
      "sources": ["socket.c", "exchange.c", "repeater.c", "tcp.c", "memory.c"],
      "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror=implicit", "-Wno-unused-parameter", "-pthread"],
      "ldflags": ["-pthread"],
      "defines": ["_GNU_SOURCE", "NAPI_VERSION=8"]
    }
  ]
}
