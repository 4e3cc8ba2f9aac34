# clang with its WebAssembly target, wasi-libc for the headers and for memcpy and its kin, and
# wasm-ld run directly: clang itself would run wasm-opt on the result wherever that happens to be
# installed, and the module would differ from machine to machine.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)

# A clang serves if its package of WebAssembly builtins (libclang-rt-N-dev-wasm32) is there too. The
# plain name comes first: it is the distribution's choice (14 on Debian 12, newer elsewhere).
set(cepa_wasm_tried)
foreach(suffix "" -14 -15 -16 -17 -18 -19 -20 -21 -22)
  find_program(cepa_clang${suffix} clang${suffix})
  mark_as_advanced(cepa_clang${suffix})
  if(NOT cepa_clang${suffix})
    continue()
  endif()
  list(APPEND cepa_wasm_tried clang${suffix})
  execute_process(COMMAND ${cepa_clang${suffix}} -print-resource-dir
    OUTPUT_VARIABLE cepa_resources OUTPUT_STRIP_TRAILING_WHITESPACE)
  file(GLOB cepa_wasm_builtins
    ${cepa_resources}/lib/wasi/libclang_rt.builtins-wasm32.a
    ${cepa_resources}/lib/wasm32*/libclang_rt.builtins.a)
  if(cepa_wasm_builtins)
    list(GET cepa_wasm_builtins 0 CEPA_WASM_BUILTINS)
    set(CMAKE_C_COMPILER ${cepa_clang${suffix}})
    break()
  endif()
endforeach()
if(NOT CEPA_WASM_BUILTINS)
  message(FATAL_ERROR "No clang with WebAssembly builtins (tried: ${cepa_wasm_tried}). On Debian "
    "and Ubuntu: apt-get install clang lld llvm wasi-libc libclang-rt-N-dev-wasm32, where N is the "
    "major version of clang")
endif()

string(REGEX MATCH "lib/clang/([0-9]+)" cepa_match ${cepa_resources})
set(cepa_clang_major ${CMAKE_MATCH_1})
find_program(CEPA_WASM_LD NAMES wasm-ld-${cepa_clang_major} wasm-ld REQUIRED)
find_program(CMAKE_AR NAMES llvm-ar-${cepa_clang_major} llvm-ar REQUIRED)
find_program(CMAKE_RANLIB NAMES llvm-ranlib-${cepa_clang_major} llvm-ranlib REQUIRED)
find_file(CEPA_WASM_LIBC libc.a PATHS /usr/lib/wasm32-wasi NO_DEFAULT_PATH)
if(NOT CEPA_WASM_LIBC)
  message(FATAL_ERROR "wasi-libc is missing: apt-get install wasi-libc")
endif()

set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
string(JOIN " " CMAKE_C_LINK_EXECUTABLE ${CEPA_WASM_LD} "<LINK_FLAGS> <OBJECTS> -o <TARGET>"
  "<LINK_LIBRARIES>" ${CEPA_WASM_LIBC} ${CEPA_WASM_BUILTINS})
