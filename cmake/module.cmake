# cepa.wasm: the core, the part of libsodium that it uses, and the exports of src/wasm.

# The same libsodium as the native program's, from the distribution's source package. The tool
# fetches it once; later builds need no network.
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/libsodium-source
  OUTPUT_VARIABLE sodium_source OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE sodium_result)
if(NOT sodium_result EQUAL 0)
  message(FATAL_ERROR "tools/libsodium-source failed")
endif()
set(sodium ${sodium_source}/src/libsodium)

# Its own build would write version.h; the copy for Windows says the same.
set(sodium_include ${PROJECT_BINARY_DIR}/sodium/include)
file(COPY ${sodium}/include/ DESTINATION ${sodium_include} FILES_MATCHING PATTERN "*.h")
file(COPY ${sodium_source}/builds/msvc/version.h DESTINATION ${sodium_include}/sodium)

file(GLOB sodium_sources
  ${sodium}/crypto_aead/chacha20poly1305/sodium/*.c
  ${sodium}/crypto_core/ed25519/core_ed25519.c
  ${sodium}/crypto_core/ed25519/ref10/*.c
  ${sodium}/crypto_core/hchacha20/*.c
  ${sodium}/crypto_generichash/blake2b/*.c
  ${sodium}/crypto_generichash/blake2b/ref/blake2b-compress-ref.c
  ${sodium}/crypto_generichash/blake2b/ref/blake2b-ref.c
  ${sodium}/crypto_generichash/blake2b/ref/generichash_blake2b.c
  ${sodium}/crypto_hash/sha512/*.c
  ${sodium}/crypto_hash/sha512/cp/*.c
  ${sodium}/crypto_onetimeauth/poly1305/*.c
  ${sodium}/crypto_onetimeauth/poly1305/donna/*.c
  ${sodium}/crypto_scalarmult/curve25519/*.c
  ${sodium}/crypto_scalarmult/curve25519/ref10/*.c
  ${sodium}/crypto_scalarmult/ed25519/ref10/*.c
  ${sodium}/crypto_sign/ed25519/*.c
  ${sodium}/crypto_sign/ed25519/ref10/*.c
  ${sodium}/crypto_stream/chacha20/*.c
  ${sodium}/crypto_stream/chacha20/ref/*.c
  ${sodium}/crypto_stream/xchacha20/*.c
  ${sodium}/crypto_verify/sodium/verify.c
  ${sodium}/sodium/core.c
  ${sodium}/sodium/utils.c)
add_library(sodium_subset STATIC ${sodium_sources})
target_include_directories(sodium_subset SYSTEM INTERFACE ${sodium_include})
target_include_directories(sodium_subset PRIVATE ${sodium_include} ${sodium_include}/sodium)
# Engines optimise by themselves: size costs no time here (docs/decisions/0010). Nothing here draws
# randomness: the functions that would are dropped by the linker, or the link fails.
target_compile_options(sodium_subset PRIVATE -w -Oz -ffile-prefix-map=${sodium_source}=libsodium)
target_compile_definitions(sodium_subset PRIVATE CONFIGURED=1 NATIVE_LITTLE_ENDIAN=1 NDEBUG
  _WASI_EMULATED_SIGNAL)
target_compile_definitions(sodium_subset PUBLIC SODIUM_STATIC=1)

# Size is time too, for whoever loads a page. -Os costs nothing that can be measured except in the
# kernels (docs/decisions/0010).
target_compile_options(cepa_core PRIVATE -msimd128 -Os)
foreach(source IN LISTS core_sources)
  if(source MATCHES "/crypto/(wasm/|keccak)[a-z0-9_]*\\.c$")
    set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -O3)
  endif()
endforeach()

file(GLOB wasm_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/wasm/*.c)
# Twice: as it is shipped, and with the names of its functions for tests/wasm/instructions.
add_executable(cepa_module ${wasm_sources})
add_executable(cepa_module_named ${wasm_sources})
set_target_properties(cepa_module PROPERTIES OUTPUT_NAME cepa)
set_target_properties(cepa_module_named PROPERTIES OUTPUT_NAME cepa-named)
# The stack stands first in memory, so that running out of it traps instead of overwriting data.
foreach(target cepa_module cepa_module_named)
  set_target_properties(${target} PROPERTIES SUFFIX .wasm)
  target_link_libraries(${target} PRIVATE cepa_core)
  target_link_options(${target} PRIVATE --no-entry --gc-sections --stack-first
    -z stack-size=131072 --fatal-warnings)
endforeach()
target_link_options(cepa_module PRIVATE --strip-all)
target_link_options(cepa_module_named PRIVATE --strip-debug)
