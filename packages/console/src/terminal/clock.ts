/** `1:02`, `1:00:02`: a time in a recording, in milliseconds. */
export function clockOf(time: number): string {
  const seconds = Math.floor(Math.max(0, time) / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0
    ? `${String(hours)}:${two(minutes)}:${two(seconds % 60)}`
    : `${String(minutes)}:${two(seconds % 60)}`;
}
