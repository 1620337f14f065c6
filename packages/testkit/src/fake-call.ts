/** Waits for `work`, and ends with the signal's reason when it aborts before or meanwhile, as every port does. */
export async function untilAborted(work: () => Promise<void> | void, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const leaving = Promise.withResolvers<never>()
  const leave = () => leaving.reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([work(), leaving.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
