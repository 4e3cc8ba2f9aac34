# The portable core: no I/O, threads, clock, globals or allocation (checked by tools/check).
set(CEPA_CORE_ROOMS base crypto wire link onion mesh path identity rendezvous service session node
    end application)

set(core_sources)
foreach(room IN LISTS CEPA_CORE_ROOMS)
  file(GLOB room_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.c)
  list(APPEND core_sources ${room_sources})
endforeach()
if(CEPA_ARCH STREQUAL "x86")
  file(GLOB arch_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/crypto/x86/*.c)
else()
  file(GLOB arch_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/crypto/portable/*.c)
endif()
if(CEPA_ARCH STREQUAL "wasm")
  # A kernel of src/crypto/wasm takes the place of the portable file of the same name.
  file(GLOB wasm_kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/crypto/wasm/*.c)
  foreach(kernel IN LISTS wasm_kernels)
    get_filename_component(name ${kernel} NAME)
    list(REMOVE_ITEM arch_sources ${PROJECT_SOURCE_DIR}/src/crypto/portable/${name})
  endforeach()
  list(APPEND arch_sources ${wasm_kernels})
endif()
list(APPEND core_sources ${arch_sources})

foreach(source IN LISTS arch_sources)
  if(source MATCHES "_avx2\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mbmi2")
  elseif(source MATCHES "_aesni\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-maes;-msse4.1")
  elseif(source MATCHES "_ifma\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
      "-mavx2;-mbmi2;-mavx512f;-mavx512vl;-mavx512dq;-mavx512ifma")
  elseif(source MATCHES "_adx\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mbmi2;-madx")
  endif()
endforeach()

add_library(cepa_core STATIC ${core_sources})
target_link_libraries(cepa_core PUBLIC cepa_options)
# The core may refer to memcpy and its kin, libsodium and the panic hook only; what a distribution's
# compiler adds by default (stack protector, fortified calls) would add symbols of the C library.
target_compile_options(cepa_core PRIVATE -fno-stack-protector -U_FORTIFY_SOURCE)
# Frames hold 4 KiB in what is installed; sanitizers and unoptimised builds have larger ones.
target_compile_options(cepa_core PRIVATE
  $<$<CONFIG:Release,RelWithDebInfo>:-Wframe-larger-than=4096>)

if(CEPA_ARCH STREQUAL "wasm")
  target_link_libraries(cepa_core PUBLIC sodium_subset)
else()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
  target_link_libraries(cepa_core PUBLIC PkgConfig::SODIUM)
endif()
