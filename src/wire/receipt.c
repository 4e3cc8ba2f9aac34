/* Encoding of dial-back receipts. @[SPEC 10.4] */
#include "wire/receipt.h"

#include "wire/reach.h"

void cepa_receipt_encode(struct cepa_writer *writer, const struct cepa_receipt *receipt)
{
    cepa_writer_bytes(writer, receipt->prober, sizeof receipt->prober);
    cepa_prefix_encode(writer, &receipt->prober_prefix);
    cepa_writer_u32(writer, receipt->day.number);
    cepa_writer_u8(writer, (uint8_t)receipt->how);
    cepa_prefix_encode(writer, &receipt->reached);
    cepa_writer_bytes(writer, receipt->signature, sizeof receipt->signature);
}

int cepa_receipt_decode(struct cepa_receipt *ret_receipt, struct cepa_reader *reader)
{
    struct cepa_receipt receipt;
    if (cepa_reader_left(reader) < CEPA_RECEIPT_SIZE) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_reader_bytes(reader, receipt.prober, sizeof receipt.prober);
    int error = cepa_prefix_decode(&receipt.prober_prefix, reader);
    receipt.day.number = cepa_reader_u32(reader);
    unsigned how = cepa_reader_u8(reader);
    if (error != 0 || cepa_prefix_decode(&receipt.reached, reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_reader_bytes(reader, receipt.signature, sizeof receipt.signature);
    unsigned expected =
        receipt.reached.family == CEPA_FAMILY_NONE ? CEPA_RECEIPT_INTRODUCED : CEPA_RECEIPT_DIALLED;
    if (receipt.prober_prefix.family == CEPA_FAMILY_NONE || how != expected) {
        return CEPA_ERR_MALFORMED;
    }
    receipt.how = (enum cepa_receipt_how)how;
    *ret_receipt = receipt;
    return 0;
}
