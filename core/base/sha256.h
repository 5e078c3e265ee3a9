/* sha256.h - FIPS 180-4, and its text form */
#ifndef CAREEN_SHA256_H
#define CAREEN_SHA256_H

#include <stddef.h>
#include <stdint.h>

void sha256(const void *data, size_t len, uint8_t ret[32]);
/* RFC 4648; @pad: with the "=" at its end. @dst has room for 4 * ((len + 2) / 3) + 1 bytes. */
const char *base64(char *dst, const void *data, size_t len, int pad);

#endif
