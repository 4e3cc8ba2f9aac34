# Turns FILES into a C file of their bytes: cmake -DOUTPUT=x.c "-DFILES=a;b" -P embed.cmake
# "index.html" becomes `const struct cepa_dashboard_file cepa_dashboard_index_html`.
set(text "/* Made by cmake/embed.cmake. */\n#include \"native/daemon/dashboard_files.h\"\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER ${name} name)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND text "\nstatic const uint8_t bytes_of_${name}[] = {\n${bytes}};\n"
    "const struct cepa_dashboard_file cepa_dashboard_${name} = {\n"
    "    bytes_of_${name}, sizeof bytes_of_${name}};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
