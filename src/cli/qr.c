/* QR codes by half blocks. */
#include "cli/qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { QUIET = 2 }; /* light modules around; four are asked for, two do in a terminal */

static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

static size_t draw(char *ret_drawing, const QRcode *code)
{
    /* The upper half takes the colour of the text, the lower one that of the ground. */
    static const char *const blocks[2][2] = {{"\xe2\x96\x88", "\xe2\x96\x80"},
                                             {"\xe2\x96\x84", " "}};
    static const char begin[] = "\x1b[97;40m";
    static const char end[] = "\x1b[0m\n";
    size_t len = 0;
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        if (len + sizeof begin + sizeof end + 3 * (size_t)(code->width + 2 * QUIET) >
            CEPA_CLI_QR_SIZE) {
            return 0;
        }
        memcpy(ret_drawing + len, begin, sizeof begin - 1);
        len += sizeof begin - 1;
        for (int x = -QUIET; x < code->width + QUIET; x++) {
            const char *block = blocks[is_dark(code, x, y)][is_dark(code, x, y + 1)];
            size_t block_len = strlen(block);
            memcpy(ret_drawing + len, block, block_len);
            len += block_len;
        }
        memcpy(ret_drawing + len, end, sizeof end);
        len += sizeof end - 1;
    }
    return (size_t)code->width;
}

size_t cepa_cli_qr(char ret_drawing[CEPA_CLI_QR_SIZE], const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (code == NULL) {
        return 0;
    }
    size_t width = draw(ret_drawing, code);
    QRcode_free(code);
    return width;
}
