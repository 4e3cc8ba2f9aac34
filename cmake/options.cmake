# Compiler options that every target of ours shares, and the choice of architecture.
include(GNUInstallDirs)

if(NOT DEFINED CEPA_ARCH)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(CEPA_ARCH x86)
  else()
    set(CEPA_ARCH portable)
  endif()
endif()
set(CEPA_ARCH ${CEPA_ARCH} CACHE STRING "Kernels to build: x86, portable, or wasm")
if(CEPA_ARCH STREQUAL "wasm")
  set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
endif()

add_library(cepa_options INTERFACE)
target_include_directories(cepa_options INTERFACE ${PROJECT_SOURCE_DIR}/src
                                                  ${PROJECT_SOURCE_DIR}/include)
target_compile_options(cepa_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align
  -Wwrite-strings -Wundef -Wvla -Wswitch-enum -Wformat=2 -Wdouble-promotion -Wimplicit-fallthrough
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -fno-strict-aliasing)
if(CEPA_WERROR)
  target_compile_options(cepa_options INTERFACE -Werror)
endif()
if(CEPA_COVERAGE)
  target_compile_options(cepa_options INTERFACE --coverage)
  target_link_options(cepa_options INTERFACE --coverage)
endif()
