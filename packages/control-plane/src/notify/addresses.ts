import { z } from "zod";

/**
 * One address and nothing beside it: no name, no list, no quoted local part. What a directory says of a person is read by this too, so that nobody comes by
 * other people's mail, or into its headers, with what they are called.
 */
export const mailAddress = z
  .email({
    pattern:
      /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
  })
  .max(254);

export function isMailAddress(text: string): boolean {
  return mailAddress.safeParse(text).success;
}
