/** Waits for a condition, looking again whenever the event loop has turned; fails by name after the limit. */
export async function until(
  what: string,
  condition: () => unknown | Promise<unknown>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain until ${what}.`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
