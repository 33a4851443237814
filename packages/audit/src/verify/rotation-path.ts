/** `log/rotations/N`, N from 0 on: the checkpoint that both keys of a rotation signed. Browser-safe. */
export function rotationPath(number: number): string {
  return `log/rotations/${String(number)}`;
}
