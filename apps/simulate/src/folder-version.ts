const SINCE = Date.UTC(2005, 0, 1)

/** Newer than any state: what has left a folder is looked at again, whatever is stored. */
export const NEWEST = 2n ** 63n - 1n

/** Graph numbers nothing: whole seconds of the last change, and then how long after it one asked. */
export function versionOf(modified: number, askedAt: number): bigint {
  const second = Math.floor(modified / 1_000) * 1_000
  return (BigInt((second - SINCE) / 1_000) << 33n) | BigInt(Math.max(1, askedAt - second))
}
