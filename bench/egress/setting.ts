/** Beside the server outside, `inside` is 127.18.0.0/15 on the same loopback: no namespaces, the same code. */
export const OUTSIDE = "127.0.0.2";
export const NAME = "bench.test";
export const STREAM_BYTES = 1 << 30;
