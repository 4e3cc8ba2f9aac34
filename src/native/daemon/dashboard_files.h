/* The files of web/dashboard/, which the build puts into the program (cmake/embed.cmake). */
#ifndef CEPA_NATIVE_DAEMON_DASHBOARD_FILES_H
#define CEPA_NATIVE_DAEMON_DASHBOARD_FILES_H

#include <stddef.h>
#include <stdint.h>

/* One file as it is sent. */
struct cepa_dashboard_file {
    const uint8_t *bytes;
    size_t len;
};

extern const struct cepa_dashboard_file cepa_dashboard_index_html;
extern const struct cepa_dashboard_file cepa_dashboard_dashboard_css;
extern const struct cepa_dashboard_file cepa_dashboard_dashboard_js;
extern const struct cepa_dashboard_file cepa_dashboard_mesh_js;
extern const struct cepa_dashboard_file cepa_dashboard_icon_svg;

#endif
