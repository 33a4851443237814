/* Frames, reading and building: every length is checked before a byte is used. */
#include "launcher.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *take(struct reader *reader, size_t length) {
  if (reader->failed || (size_t)(reader->end - reader->at) < length) {
    reader->failed = true;
    return NULL;
  }
  const uint8_t *at = reader->at;
  reader->at += length;
  return at;
}

static uint64_t read_little_endian(struct reader *reader, size_t length) {
  const uint8_t *at = take(reader, length);
  uint64_t value = 0;
  if (at != NULL)
    for (size_t i = length; i-- > 0;) value = value << 8 | at[i];
  return value;
}

uint8_t read_u8(struct reader *reader) { return (uint8_t)read_little_endian(reader, 1); }
uint16_t read_u16(struct reader *reader) { return (uint16_t)read_little_endian(reader, 2); }
uint32_t read_u32(struct reader *reader) { return (uint32_t)read_little_endian(reader, 4); }
uint64_t read_u64(struct reader *reader) { return read_little_endian(reader, 8); }

struct bytes read_bytes(struct reader *reader, size_t length) {
  const uint8_t *at = take(reader, length);
  return (struct bytes){ at, at != NULL ? length : 0 };
}

struct bytes read_str(struct reader *reader) { return read_bytes(reader, read_u32(reader)); }

static uint8_t *grow(struct buffer *buffer, size_t length) {
  if (buffer->capacity - buffer->length < length) {
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
    while (capacity - buffer->length < length) capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) die(errno, "out of memory");
    buffer->data = data;
    buffer->capacity = capacity;
  }
  uint8_t *at = buffer->data + buffer->length;
  buffer->length += length;
  return at;
}

static void put_little_endian(struct buffer *buffer, uint64_t value, size_t length) {
  uint8_t *at = grow(buffer, length);
  for (size_t i = 0; i < length; i++, value >>= 8) at[i] = (uint8_t)value;
}

void put_u8(struct buffer *buffer, uint8_t value) { put_little_endian(buffer, value, 1); }
void put_u16(struct buffer *buffer, uint16_t value) { put_little_endian(buffer, value, 2); }
void put_u32(struct buffer *buffer, uint32_t value) { put_little_endian(buffer, value, 4); }
void put_u64(struct buffer *buffer, uint64_t value) { put_little_endian(buffer, value, 8); }

void put_bytes(struct buffer *buffer, const void *data, size_t length) {
  if (length > 0) memcpy(grow(buffer, length), data, length);
}

void put_str(struct buffer *buffer, const void *data, size_t length) {
  put_u32(buffer, (uint32_t)length);
  put_bytes(buffer, data, length);
}

size_t begin_frame(struct buffer *buffer, uint8_t type) {
  size_t place = buffer->length;
  put_u32(buffer, 0);
  put_u8(buffer, type);
  return place;
}

void end_frame(struct buffer *buffer, size_t place) {
  uint64_t length = buffer->length - place - 4;
  for (size_t i = 0; i < 4; i++, length >>= 8) buffer->data[place + i] = (uint8_t)length;
}
