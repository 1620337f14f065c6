import { connect, type Socket } from 'node:net'

export type LoadOptions = {
  port: number
  /** The whole request; `{n}` becomes a number of its own each time, `{length}` the length of the body. */
  head: string
  body: string
  status: number
  signal: AbortSignal
}

export type LoadResult = { seconds: number; answered: number; wrong: number; latenciesMs: number[] }

const ANSWER_LIMIT_MS = 30_000
/** Servers close a connection that has been idle for 5 s; one may be written to while it is being closed. */
const IDLE_MAX_MS = 2_500

/**
 * Asks as fast as the answers come, over so many kept-alive connections, for so long. Requests are written as bytes and
 * answers are recognised by their status line, so that the load costs little of the machine that it shares.
 */
export async function asFastAsPossible(
  options: LoadOptions & { connections: number; durationMs: number },
): Promise<LoadResult> {
  const result: LoadResult = { seconds: 0, answered: 0, wrong: 0, latenciesMs: [] }
  const began = performance.now()
  const until = began + options.durationMs
  const one = async () => {
    const caller = await openCaller(options)
    try {
      while (performance.now() < until && !options.signal.aborted) record(result, options, await caller.ask())
    } finally {
      caller.close()
    }
  }
  await Promise.all(Array.from({ length: options.connections }, one))
  result.seconds = (performance.now() - began) / 1000
  return result
}

/** Asks at a steady rate whatever the answers do; a latency counts from the moment the request was due. */
export async function atRate(
  options: LoadOptions & { perSecond: number; count: number },
): Promise<LoadResult> {
  const result: LoadResult = { seconds: 0, answered: 0, wrong: 0, latenciesMs: [] }
  let idle: { caller: Caller; since: number }[] = []
  const began = performance.now()
  const asked: Promise<void>[] = []
  const callerFor = async () => {
    const now = performance.now()
    for (const { caller, since } of idle) if (since < now - IDLE_MAX_MS) caller.close()
    idle = idle.filter(({ since }) => since >= now - IDLE_MAX_MS)
    return idle.pop()?.caller ?? (await openCaller(options))
  }
  const once = async (due: number) => {
    const caller = await callerFor()
    const { status } = await caller.ask()
    record(result, options, { status, ms: performance.now() - due })
    idle.push({ caller, since: performance.now() })
  }
  for (let n = 0; n < options.count && !options.signal.aborted; n++) {
    const due = began + (n * 1000) / options.perSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
    const call = once(due)
    // Told by Promise.all; until it is asked, nobody else would hear of it.
    call.catch(() => {})
    asked.push(call)
  }
  await Promise.all(asked)
  for (const { caller } of idle) caller.close()
  result.seconds = (performance.now() - began) / 1000
  return result
}

function record(result: LoadResult, options: LoadOptions, { status, ms }: Answer): void {
  result.latenciesMs.push(ms)
  if (status === options.status) result.answered++
  else result.wrong++
}

type Answer = { status: number; ms: number }
type Caller = { ask(): Promise<Answer>; close(): void }

let asked = 0

/** One connection with one request at a time. It rejects when the connection breaks or no answer comes in time. */
async function openCaller({ port, head, body }: LoadOptions): Promise<Caller> {
  const socket = await open(port)
  let received = ''
  let settle: { resolve(answer: Answer): void; reject(error: Error): void; began: number } | null = null
  const fail = (error: Error) => {
    settle?.reject(error)
    settle = null
    socket.destroy()
  }
  socket.setEncoding('latin1')
  socket.setTimeout(ANSWER_LIMIT_MS, () => fail(new Error(`No answer within ${ANSWER_LIMIT_MS} ms.`)))
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The server closed the connection.')))
  socket.on('data', text => {
    received += text
    const end = received.indexOf('\r\n\r\n')
    if (end < 0 || !settle) return
    const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, end + 2))?.[1]
    const chunked = /\r\ntransfer-encoding: chunked/i.test(received.slice(0, end + 2))
    if (chunked ? !received.endsWith('\r\n0\r\n\r\n') : received.length < end + 4 + Number(length ?? 0))
      return
    const answer = { status: Number(received.slice(9, 12)), ms: performance.now() - settle.began }
    received = ''
    const { resolve } = settle
    settle = null
    resolve(answer)
  })
  return {
    ask() {
      const text = body.replaceAll('{n}', String(++asked))
      const bytes = `${head.replace('{length}', String(Buffer.byteLength(text)))}\r\n\r\n${text}`
      return new Promise((resolve, reject) => {
        settle = { resolve, reject, began: performance.now() }
        socket.write(bytes)
      })
    },
    close: () => void socket.destroy(),
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}
