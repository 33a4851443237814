import type { Socket } from "node:net";

/**
 * Ends a connection by a reset. While its own end is on its way the kernel's reset is not to be had, and Node would keep the descriptor for good
 * (uv_tcp_close_reset: EINVAL): a program inside could use them up. Such a connection is closed, which is an end as well.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
