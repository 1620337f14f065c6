/** What the start tells while it works. */
export interface Steps {
  /** Runs a step and reports its note (the returned string) with the time it took. */
  run<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
  say(text: string): void
  close(): void
}

/** For tests and benches, which report in their own way. */
export const silentSteps: Steps = {
  run: (_name, work) => work(() => {}),
  say: () => {},
  close: () => {},
}

/**
 * One line per finished step. In a terminal the last line shows what is still at work, once a second;
 * elsewhere (a log, CI) a line appears every ten seconds, so that silence never looks like a hang.
 */
export function consoleSteps(out: NodeJS.WriteStream): Steps {
  const active = new Map<string, number>()
  const clear = () => out.isTTY && out.write('\r\x1b[2K')
  const progress = () =>
    [...active].map(([name, since]) => `${name} ${Math.round((Date.now() - since) / 1000)} s`).join(', ')
  const timer = setInterval(
    () => {
      if (active.size === 0) return
      if (out.isTTY) out.write(`\r\x1b[2K  … ${progress()}`.slice(0, out.columns || 80))
      else out.write(`  … ${progress()}\n`)
    },
    out.isTTY ? 1000 : 10_000,
  )
  timer.unref()
  const line = (name: string, note: string, since: number) => {
    clear()
    const seconds = `${((Date.now() - since) / 1000).toFixed(1)} s`
    out.write(`  ${name.padEnd(12)}${note.padEnd(42)}${seconds.padStart(8)}\n`)
  }
  return {
    async run(name, work) {
      const since = Date.now()
      let note = 'done'
      active.set(name, since)
      try {
        const result = await work(text => {
          note = text
        })
        line(name, note, since)
        return result
      } catch (error) {
        if (!(error instanceof Error && error.name === 'AbortError')) line(name, 'failed', since)
        throw error
      } finally {
        active.delete(name)
      }
    },
    say(text) {
      clear()
      out.write(`${text}\n`)
    },
    close() {
      clearInterval(timer)
      clear()
    },
  }
}
