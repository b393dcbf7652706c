/** Ids as they travel in signed texts: 16 bytes instead of 36 characters. */
export const toBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

/** The id whose 16 bytes begin at `start`. */
export const fromBytes = (raw: Buffer, start: number): string =>
  raw
    .subarray(start, start + 16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
