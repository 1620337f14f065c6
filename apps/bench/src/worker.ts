import { fork } from 'node:child_process'
import type { Context } from './bench.ts'

/** Another process of the bench: it gets one order, tells what it has to tell, and ends when it is told or we are gone. */
export type Worker<Order, Told> = {
  pid: number
  send(order: Order): void
  /** The next thing told that matches; rejects when the worker ends first or nothing comes in time. */
  next<T extends Told>(matches: (told: Told) => told is T, timeoutMs: number): Promise<T>
  stop(): Promise<void>
}

export function startWorker<Order, Told>(
  context: Context,
  file: string,
  options: { execArgv?: string[]; args?: string[] } = {},
): Worker<Order, Told> {
  const child = fork(new URL(file, import.meta.url), options.args ?? [], {
    execArgv: options.execArgv ?? [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const kept: Told[] = []
  const waiting = new Set<() => void>()
  let ended: string | null = null
  const wake = () => {
    for (const look of [...waiting]) look()
  }
  child.on('message', told => {
    kept.push(told as Told)
    wake()
  })
  const exited = new Promise<void>(resolve => {
    child.once('exit', (code, signal) => {
      ended = `${file} ended (${signal ?? code})`
      wake()
      resolve()
    })
  })
  const stop = async () => {
    if (ended !== null) return
    child.disconnect()
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await exited
    clearTimeout(late)
  }
  context.onEnd(stop)
  return {
    pid: child.pid ?? 0,
    send: order => void child.send(order as object),
    stop,
    next: <T extends Told>(matches: (told: Told) => told is T, timeoutMs: number) =>
      new Promise<T>((resolve, reject) => {
        const done = (finish: () => void) => {
          waiting.delete(look)
          clearTimeout(timer)
          finish()
        }
        const look = () => {
          const at = kept.findIndex(matches)
          const found = kept[at]
          if (found !== undefined) {
            kept.splice(at, 1)
            done(() => resolve(found as T))
          } else if (ended !== null) done(() => reject(new Error(`${ended}, nothing more will come of it.`)))
        }
        const timer = setTimeout(
          () => done(() => reject(new Error(`${file} told nothing within ${timeoutMs} ms.`))),
          timeoutMs,
        )
        waiting.add(look)
        look()
      }),
  }
}
