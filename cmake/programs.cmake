# The native driver, the command, and the programs that test and measure.
file(GLOB native_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/native/*.c)
add_library(cepa_native STATIC ${native_sources})
target_link_libraries(cepa_native PUBLIC cepa_core)
# The core's panic hook is the native driver's, so each needs the other.
target_link_libraries(cepa_core INTERFACE cepa_native)

# The transport: WebRTC data channels over OpenSSL's DTLS and usrsctp's SCTP.
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0 libcrypto>=3.0)
pkg_check_modules(SCTP REQUIRED usrsctp>=0.9.5)
# One of its functions is wrapped (src/native/webrtc/sctp_timer.c): only a static library lets us.
find_library(CEPA_USRSCTP libusrsctp.a HINTS ${SCTP_LIBRARY_DIRS} REQUIRED)
# For asking routers to map ports (docs/decisions/0044).
pkg_check_modules(UPNP REQUIRED IMPORTED_TARGET miniupnpc>=2.2)
find_package(Threads REQUIRED)
file(GLOB webrtc_sources CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/src/native/net/*.c
  ${PROJECT_SOURCE_DIR}/src/native/webrtc/*.c)
add_library(cepa_webrtc STATIC ${webrtc_sources})
target_link_libraries(cepa_webrtc PUBLIC cepa_native PkgConfig::SSL PkgConfig::UPNP
  ${CEPA_USRSCTP} Threads::Threads)
target_include_directories(cepa_webrtc SYSTEM PRIVATE ${SCTP_INCLUDE_DIRS})
target_link_options(cepa_webrtc PUBLIC LINKER:--wrap=sctp_timer_start)

# Answers to the browser of the machine's user, and the page that is in them.
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
file(GLOB http_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/native/http/*.c)
add_library(cepa_http STATIC ${http_sources})
target_link_libraries(cepa_http PUBLIC cepa_native PRIVATE PkgConfig::MICROHTTPD)
file(GLOB dashboard_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/dashboard/*)
add_custom_command(
  OUTPUT ${PROJECT_BINARY_DIR}/dashboard_files.c
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${PROJECT_BINARY_DIR}/dashboard_files.c
          "-DFILES=${dashboard_files}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${dashboard_files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)

# The daemon: its state, and everything around the node.
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson>=1.7.15)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode>=4.1)
file(GLOB daemon_sources CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/src/native/proxy/*.c
  ${PROJECT_SOURCE_DIR}/src/native/client/*.c
  ${PROJECT_SOURCE_DIR}/src/native/store/*.c
  ${PROJECT_SOURCE_DIR}/src/native/streams/*.c
  ${PROJECT_SOURCE_DIR}/src/native/daemon/*.c)
add_library(cepa_daemon STATIC ${daemon_sources} ${PROJECT_BINARY_DIR}/dashboard_files.c)
target_compile_definitions(cepa_daemon PUBLIC CEPA_VERSION="${PROJECT_VERSION}")
target_link_libraries(cepa_daemon PUBLIC cepa_webrtc cepa_http PkgConfig::SQLITE PkgConfig::CJSON)

# The command without its main, so that tests reach its parts.
file(GLOB cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
list(REMOVE_ITEM cli_sources ${PROJECT_SOURCE_DIR}/src/cli/main.c)
add_library(cepa_cli STATIC ${cli_sources})
target_link_libraries(cepa_cli PUBLIC cepa_daemon PkgConfig::QRENCODE)
add_executable(cepa src/cli/main.c)
target_link_libraries(cepa PRIVATE cepa_cli)

# The library for other programs, and the same in a form in which tests reach its parts. Only what
# libcepa.map lists can be seen from outside.
file(GLOB library_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/library/*.c)
list(REMOVE_ITEM library_sources ${PROJECT_SOURCE_DIR}/src/library/in6addr.c)
add_library(cepa_library STATIC ${library_sources})
target_link_libraries(cepa_library PUBLIC cepa_daemon)
set(library_map ${PROJECT_SOURCE_DIR}/src/library/libcepa.map)
add_library(libcepa SHARED ${library_sources} ${PROJECT_SOURCE_DIR}/src/library/in6addr.c)
target_link_libraries(libcepa PRIVATE cepa_daemon)
# It stays once it was loaded: a thread of usrsctp does too.
target_link_options(libcepa PRIVATE LINKER:--version-script=${library_map} LINKER:-z,nodelete)
set_target_properties(libcepa PROPERTIES OUTPUT_NAME cepa VERSION 0.1.0 SOVERSION 0
  LINK_DEPENDS ${library_map})

# The simulator: a driver of nodes in virtual time.
file(GLOB sim_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/*.c)
add_library(cepa_sim STATIC ${sim_sources})
target_include_directories(cepa_sim PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(cepa_sim PUBLIC cepa_native)

enable_testing()
file(GLOB support_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
add_library(cepa_test_support STATIC ${support_sources})
target_include_directories(cepa_test_support PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_compile_definitions(cepa_test_support PUBLIC
  CEPA_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  CEPA_VECTORS_DEFAULT="${PROJECT_SOURCE_DIR}/../shared/vectors")
target_link_libraries(cepa_test_support PUBLIC
  cepa_sim cepa_cli cepa_library cepa_webrtc cepa_native PkgConfig::CJSON m)

# Serves the dashboard to a browser under test.
add_executable(dashboard_server ${PROJECT_SOURCE_DIR}/tests/interop/dashboard_server.c)
target_link_libraries(dashboard_server PRIVATE cepa_test_support)

# Floods a daemon, for tests/demo/run.
add_executable(hostile_daemons ${PROJECT_SOURCE_DIR}/tests/demo/hostile_daemons.c)
target_link_libraries(hostile_daemons PRIVATE cepa_test_support)

# The laboratory: an emulated link, and programs that measure one. What joins namespaces is Linux's.
file(GLOB lab_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lab/*.c)
list(FILTER lab_sources EXCLUDE REGEX "/test_[a-z0-9_]*\\.c$|_main\\.c$")
add_library(cepa_lab STATIC ${lab_sources})
target_include_directories(cepa_lab PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(cepa_lab PUBLIC cepa_options cepa_cli PkgConfig::CJSON m)
file(GLOB lab_programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lab/*_main.c)
foreach(source IN LISTS lab_programs)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_main$" "" name ${name})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cepa_lab cepa_webrtc)
endforeach()

file(GLOB test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/test_*.c)
foreach(source IN LISTS test_sources)
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(room_dir ${source} DIRECTORY)
  get_filename_component(room ${room_dir} NAME)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cepa_test_support)
  if(room STREQUAL "lab")
    target_link_libraries(${name} PRIVATE cepa_lab)
  elseif(room STREQUAL "sim")
    target_link_libraries(${name} PRIVATE cepa_sim)
  endif()
  # Where hundreds of nodes verify the same signatures (tests/support/remembered_verify.c).
  if(name STREQUAL "test_sim_custody_large")
    target_link_options(${name} PRIVATE
      -Wl,--wrap=cepa_ed25519_verify,--wrap=cepa_mldsa_verify
      -Wl,--undefined=__wrap_cepa_mldsa_verify)
  endif()
  add_test(NAME ${room}/${name} COMMAND ${name})
  set_tests_properties(${room}/${name} PROPERTIES LABELS unit SKIP_RETURN_CODE 77)
endforeach()

add_test(NAME cli/command COMMAND ${PROJECT_SOURCE_DIR}/tests/cli/run $<TARGET_FILE:cepa>)
set_tests_properties(cli/command PROPERTIES LABELS unit)
add_test(NAME cli/id COMMAND ${PROJECT_SOURCE_DIR}/tests/cli/id $<TARGET_FILE:cepa>)
set_tests_properties(cli/id PROPERTIES LABELS unit)
add_test(NAME cli/daemon COMMAND ${PROJECT_SOURCE_DIR}/tests/cli/daemon $<TARGET_FILE:cepa>)
set_tests_properties(cli/daemon PROPERTIES LABELS unit)

# Examples are built and run, so that they stay true.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source IN LISTS example_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cepa_webrtc PkgConfig::CJSON)
  # One that serves ends with its standard input.
  add_test(NAME examples/${name} COMMAND sh -c "exec \"$0\" </dev/null" $<TARGET_FILE:${name}>)
  set_tests_properties(examples/${name} PROPERTIES LABELS unit)
endforeach()

# Those on libcepa see its headers and the shared library only; tests/examples/run runs them.
file(GLOB library_examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/library/*.c)
foreach(source IN LISTS library_examples)
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  target_include_directories(example_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(example_${name} PRIVATE libcepa)
endforeach()

file(GLOB bench_measure_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/measure/*.c)
add_library(cepa_bench_measure STATIC ${bench_measure_sources})
target_include_directories(cepa_bench_measure PUBLIC ${PROJECT_SOURCE_DIR}/bench)
target_link_libraries(cepa_bench_measure PUBLIC cepa_test_support)

file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/bench_*.c)
foreach(source IN LISTS bench_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cepa_bench_measure)
endforeach()

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/fuzz_*.c)
foreach(source IN LISTS fuzz_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cepa_test_support)
  if(CEPA_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    # Without libFuzzer a target replays its corpus, so that every compiler and sanitizer runs it.
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.c)
    add_test(NAME fuzz/${name} COMMAND ${name} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz/${name} PROPERTIES LABELS unit)
  endif()
endforeach()

add_test(NAME tools/libsodium-source
  COMMAND ${PROJECT_SOURCE_DIR}/tests/tools/test-libsodium-source)
set_tests_properties(tools/libsodium-source PROPERTIES LABELS unit)

# The native half of tests/differential/run.
add_executable(differential ${PROJECT_SOURCE_DIR}/tests/differential/native.c)
target_link_libraries(differential PRIVATE cepa_native)

# What tools/constant-time runs under valgrind. In a build of its own the core tells valgrind what
# it declares public; elsewhere the program is built to see that it still fits the core.
option(CEPA_CONSTANT_TIME "Let the core tell valgrind what is public" OFF)
include(CheckIncludeFile)
check_include_file(valgrind/memcheck.h CEPA_HAS_VALGRIND)
if(CEPA_CONSTANT_TIME)
  target_include_directories(cepa_options BEFORE INTERFACE
    ${PROJECT_SOURCE_DIR}/tests/constant_time/include)
endif()
if(CEPA_HAS_VALGRIND)
  file(GLOB constant_time_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/constant_time/*.c)
  add_executable(constant_time ${constant_time_sources})
  target_link_libraries(constant_time PRIVATE cepa_test_support)
endif()
